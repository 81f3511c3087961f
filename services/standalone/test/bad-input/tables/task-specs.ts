import {
  badDurations,
  badLabels,
  badNames,
  type BadRequest,
  badTexts,
  badTimes,
  type Fields,
  refused,
  requiredName,
  wrong,
} from '../fragments.ts';
import type { Loose } from '../write-message.ts';
import { badRetryPolicies } from './retry-policies.ts';

/** How a specification is sent: what is around it, and what its fields are called there. */
export interface SpecPlace {
  readonly field: string;
  readonly build: (spec: Loose) => Loose;
}

const GOOD: Fields = { type: 'work' };

/** Specifications of tasks that no task is made of, wherever they stand. */
export function badSpecs({ field, build }: SpecPlace): readonly BadRequest[] {
  const at = (name: string): string => `${field}.${name}`;
  const spec = (fields: Fields): Loose => build({ ...GOOD, ...fields });
  const dedup = (fields: Fields): Loose => spec({ dedup: fields });
  return [
    ...requiredName(at('type'), (type) => spec({ type })),
    ...badNames(at('queue'), (queue) => spec({ queue })),
    ...badNames(at('flow_key'), (key) => spec({ flow_key: key })),
    ...badTexts(at('correlation_id'), (id) => spec({ correlation_id: id })),
    ...badTexts(at('traceparent'), (traceparent) => spec({ traceparent })),
    ...badTexts(at('params.content_type'), (type) => spec({ params: { content_type: type } })),
    ...badLabels(at('labels'), (labels) => spec({ labels })),
    ...badRetryPolicies(at('retry_policy'), (policy) => spec({ retry_policy: policy })),
    ...badDurations(at('run_timeout'), (timeout) => spec({ run_timeout: timeout })),
    ...badDurations(at('queue_timeout'), (timeout) => spec({ queue_timeout: timeout })),
    ...badDurations(at('heartbeat_timeout'), (timeout) => spec({ heartbeat_timeout: timeout })),
    ...badDurations(at('retention'), (retention) => spec({ retention })),
    wrong(at('retention'), 'less than a minute', spec({ retention: { seconds: 59n, nanos: 999_999_999 } })),
    wrong(at('retention'), 'eleven years', spec({ retention: { seconds: 347_000_000n } })),
    wrong(at('run_timeout'), 'zero', spec({ run_timeout: {} })),
    wrong(at('queue_timeout'), 'zero', spec({ queue_timeout: {} })),
    wrong(at('queue_timeout'), 'eleven years', spec({ queue_timeout: { seconds: 347_000_000n } })),
    wrong(at('heartbeat_timeout'), 'less than reports are gathered for', spec({ heartbeat_timeout: { nanos: 999 } })),
    wrong(at('priority'), 'too high', spec({ priority: 1_000_001 })),
    wrong(at('priority'), 'too low', spec({ priority: -2_147_483_648 })),
    wrong(at('params.a'), 'not as the schema says', spec({ type: 'typed.work', params: { data: '{"a": "one"}' } })),
    wrong(at('params'), 'not JSON', spec({ type: 'typed.work', params: { data: '{' } })),
    wrong(at('params.content_type'), 'not what the schema is for', typed({ data: '{}', content_type: 'text/plain' })),
    wrong(at('params'), 'nested without end', typed({ data: '['.repeat(50_000) + ']'.repeat(50_000) })),
    refused('PAYLOAD_TOO_LARGE', 'params larger than the limit', spec({ params: { data: 'x'.repeat(1_048_577) } })),
    refused('TASK_TYPE_NOT_FOUND', 'a version that there is not', spec({ type: 'typed.work', type_version: 99 })),
    refused('TASK_TYPE_NOT_FOUND', 'a version beyond all', spec({ type: 'work', type_version: 4_294_967_295 })),
    refused('TASK_TYPE_INACTIVE', 'a type that was deactivated', spec({ type: 'old.work' })),
    ...[
      wrong(at('dedup.window'), 'a window that there is not', dedup({ window: 99 })),
      wrong(at('dedup.window'), 'a negative window', dedup({ window: -1 })),
      wrong(at('dedup.key'), 'too long', dedup({ key: 'x'.repeat(256) })),
      wrong(at('dedup.key'), 'a NUL character', dedup({ key: 'a\0b' })),
      wrong(at('dedup.duration'), 'missing', dedup({ window: 3 })),
      wrong(at('dedup.duration'), 'zero', dedup({ duration: {} })),
      wrong(at('dedup.duration'), 'with a window that has none', dedup({ window: 2, duration: { seconds: 1n } })),
      ...badDurations(at('dedup.duration'), (duration) => dedup({ window: 3, duration })),
    ],
  ];

  function typed(params: Fields): Loose {
    return spec({ type: 'typed.work', params });
  }
}

/** What only a task's own creation lets callers say. */
export function badCreations({ field, build }: SpecPlace): readonly BadRequest[] {
  const at = (name: string): string => `${field}.${name}`;
  const spec = (fields: Fields): Loose => build({ ...GOOD, ...fields });
  return [
    ...badSpecs({ field, build }),
    ...badNames(at('id'), (id) => spec({ id })),
    ...badNames(at('parent_task_id'), (id) => spec({ parent_task_id: id })),
    ...badTimes(at('run_time'), (time) => spec({ run_time: time })),
    ...badDurations(at('delay'), (delay) => spec({ delay })),
    wrong(at('delay'), 'together with a time', spec({ delay: { seconds: 1n }, run_time: { seconds: 1n } })),
    wrong(at('params'), 'a duplicate of what is no JSON', spec({ params: { data: '{]' }, dedup: {} })),
  ];
}
