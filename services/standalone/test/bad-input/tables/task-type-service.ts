import {
  badDurations,
  badLabels,
  badNames,
  badPages,
  type BadRequest,
  type Fields,
  refused,
  requiredName,
  wrong,
} from '../fragments.ts';
import type { Loose } from '../write-message.ts';
import { badRetryPolicies } from './retry-policies.ts';

const type = (fields: Fields): Loose => ({ task_type: { name: 'new.work', ...fields } });
const defaults = (fields: Fields): Loose => type({ defaults: fields });
const schema = (text: string): Loose => type({ param_schema: text });

const BAD_SCHEMAS: readonly (readonly [string, string])[] = [
  ['not JSON', '{'],
  ['a number', '17'],
  ['a list', '[]'],
  ['a text', '"object"'],
  ['a type that there is not', '{"type": "thing"}'],
  ['a pattern that cannot be read', '{"pattern": "("}'],
  ['a pattern that may take forever', String.raw`{"pattern": "^(?=(a+)+$)\\1"}`],
  ['a pattern that is far too long', `{"pattern": "${'a'.repeat(2000)}"}`],
  ['a reference to nowhere', '{"$ref": "#/$defs/none"}'],
  ['a reference to elsewhere', '{"$ref": "https://example.org/schema.json"}'],
  ['a reference to a file', '{"$ref": "file:///etc/passwd"}'],
  ['required that is no list', '{"required": 1}'],
  ['properties that are no schemas', '{"properties": {"a": 1}}'],
  ['another dialect', '{"$schema": "http://example.org/draft-99/schema"}'],
  ['nested without end', '{"not": '.repeat(5000) + '{}' + '}'.repeat(5000)],
  ['far too long', JSON.stringify({ description: 'x'.repeat(100_000) })],
];

/** Requests of TaskTypeService that must be refused. */
export const TASK_TYPE_REQUESTS: Readonly<Record<string, readonly BadRequest[]>> = {
  'task.v1.TaskTypeService/RegisterTaskType': [
    wrong('task_type', 'missing', {}),
    ...requiredName('task_type.name', (name) => type({ name })),
    ...badNames('task_type.namespace', (namespace) => type({ namespace })),
    wrong('task_type.version', 'too high', type({ version: 1_000_001 })),
    wrong('task_type.version', 'as high as can be', type({ version: 4_294_967_295 })),
    wrong('task_type.description', 'far too long', type({ description: 'x'.repeat(5000) })),
    wrong('task_type.description', 'a NUL character', type({ description: 'a\0b' })),
    ...BAD_SCHEMAS.map(([why, text]) => wrong('task_type.param_schema', why, schema(text))),
    ...badNames('task_type.defaults.queue', (queue) => defaults({ queue })),
    ...badLabels('task_type.defaults.labels', (labels) => defaults({ labels })),
    ...badRetryPolicies('task_type.defaults.retry_policy', (policy) => defaults({ retry_policy: policy })),
    ...badDurations('task_type.defaults.run_timeout', (timeout) => defaults({ run_timeout: timeout })),
    ...badDurations('task_type.defaults.dedup.duration', (duration) => defaults({ dedup: { window: 3, duration } })),
    wrong('task_type.defaults.dedup.key', 'one for all', defaults({ dedup: { key: 'a' } })),
    wrong('task_type.defaults.dedup.window', 'unknown', defaults({ dedup: { window: 99 } })),
    ...badDurations('task_type.defaults.retention', (retention) => defaults({ retention })),
    wrong('task_type.defaults.retention', 'zero', defaults({ retention: {} })),
    wrong('task_type.defaults.run_timeout', 'zero', defaults({ run_timeout: {} })),
    wrong('task_type.defaults.priority', 'too high', defaults({ priority: 1_000_001 })),
  ],
  'task.v1.TaskTypeService/GetTaskType': ofOneType(),
  'task.v1.TaskTypeService/DeactivateTaskType': [
    ...ofOneType({ version: 1 }),
    wrong('version', 'missing', { name: 'typed.work' }),
  ],
  'task.v1.TaskTypeService/ListTaskTypes': [
    ...badNames('namespace', (namespace) => ({ namespace })),
    ...badPages(
      (page) => page,
      ['types', 'default', false],
      ['a\0b\n1', 'name', 'name\nx', 'name\n1\n2', 'name\n-1', '\n1'],
    ),
  ],
};

function ofOneType(more: Fields = {}): readonly BadRequest[] {
  return [
    ...requiredName('name', (name) => ({ ...more, name })),
    ...badNames('namespace', (namespace) => ({ ...more, namespace, name: 'typed.work' })),
    wrong('version', 'too high', { name: 'typed.work', version: 1_000_001 }),
    wrong('version', 'as high as can be', { name: 'typed.work', version: 4_294_967_295 }),
    refused('TASK_TYPE_NOT_FOUND', 'a type that there is not', { ...more, name: 'no.such.type' }),
    refused('TASK_TYPE_NOT_FOUND', 'a version that there is not', { name: 'typed.work', version: 7 }),
    refused('TASK_TYPE_NOT_FOUND', 'of another namespace', { ...more, namespace: 'other', name: 'typed.work' }),
  ];
}
