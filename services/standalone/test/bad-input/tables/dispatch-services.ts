import {
  badDurations,
  badNames,
  type BadRequest,
  badTimes,
  type Fields,
  nested,
  refused,
  refusedStream,
  requiredName,
  wrong,
} from '../fragments.ts';
import type { Loose } from '../write-message.ts';

const NO_LEASE = 'a7a9b6d4-94a7-4a1b-9e5b-2d0a4f9c7e11';

/** Leases that nobody holds, and what names none. */
const LOST: readonly (readonly [string, Loose | undefined])[] = [
  ['no lease named', undefined],
  ['an empty one', {}],
  ['no token', { task_id: 'running-1' }],
  ['a token that was never given out', { task_id: 'running-1', lease_token: NO_LEASE }],
  ['a token that is none', { task_id: 'running-1', lease_token: 'let me in' }],
  ['a statement for a token', { task_id: 'running-1', lease_token: `' OR 1=1; --` }],
  ['a NUL character in the token', { task_id: 'running-1', lease_token: `${NO_LEASE.slice(1)}\0` }],
  ['a long token', { task_id: 'running-1', lease_token: 'f'.repeat(100_000) }],
  ['a token in capitals', { task_id: 'running-1', lease_token: NO_LEASE.toUpperCase() }],
  ['a task that there is not', { task_id: 'no-such-task', lease_token: NO_LEASE }],
  ['a task that waits', { task_id: 'pending-1', lease_token: NO_LEASE }],
  ['a task that has ended', { task_id: 'done-1', lease_token: NO_LEASE }],
  ['an id that is none', { task_id: 'a b\0', lease_token: NO_LEASE }],
  ['a long id', { task_id: 'x'.repeat(100_000), lease_token: NO_LEASE }],
];
/** The number of TaskError.cause. */
const CAUSE = 12;
const MANY = Array.from({ length: 1001 }, () => ({}));
const NOBODY: Fields = { lease: { task_id: 'running-1', lease_token: NO_LEASE } };

/** Requests of DispatchService and SchedulerService that must be refused. */
export const DISPATCH_REQUESTS: Readonly<Record<string, readonly BadRequest[]>> = {
  'dispatch.v1.DispatchService/Work': [
    refusedStream('PROTOCOL_VIOLATION', 'nothing at all', []),
    refusedStream('PROTOCOL_VIOLATION', 'an empty message', [{}]),
    refusedStream('PROTOCOL_VIOLATION', 'credits before the hello', [{ credits: { add: 1 } }]),
    refusedStream('PROTOCOL_VIOLATION', 'outcomes before the hello', [{ outcomes: {} }]),
    refusedStream('PROTOCOL_VIOLATION', 'a second hello', [hello(), hello()]),
    refusedStream('PROTOCOL_VIOLATION', 'an empty message after the hello', [hello(), {}]),
    refusedStream('PROTOCOL_VIOLATION', 'two of what may be one', [{ hello: {}, credits: { add: 1 } }]),
    ...badOptions('hello.options', (options) => ({ hello: { options } })),
    refusedStream('INVALID_FIELD', 'too many outcomes', [hello(), { outcomes: { completions: MANY } }], 'completions'),
    refusedStream('INVALID_FIELD', 'too many failures', [hello(), { outcomes: { failures: MANY } }], 'failures'),
    refusedStream('INVALID_FIELD', 'too many extensions', [hello(), { extend: { leases: MANY } }], 'leases'),
    refusedStream('INVALID_FIELD', 'too many reports', [hello(), { progress: { reports: MANY } }], 'reports'),
    ...badDurations('lease_duration', (duration) => ({ lease_duration: duration, leases: [] })).map((row) => ({
      ...row,
      messages: [hello(), ...row.messages.map((extend) => ({ extend }))],
    })),
  ],
  'dispatch.v1.DispatchService/ClaimTasks': [
    ...badOptions('options', (options) => ({ options })),
    ...badDurations('wait_timeout', (timeout) => ({ options: { worker_id: 'w' }, wait_timeout: timeout })),
  ],
  'dispatch.v1.DispatchService/CompleteTasks': [
    ...batch('completions', (lease) => ({ lease })),
    result('PAYLOAD_TOO_LARGE', 'a result larger than the limit', { data: 'x'.repeat(1_048_577) }),
    result('INVALID_FIELD', 'a media type with a NUL character', { content_type: 'a\0b' }),
    result('INVALID_FIELD', 'a media type that is far too long', { content_type: 'x'.repeat(10_000) }),
  ],
  'dispatch.v1.DispatchService/FailTasks': [
    ...batch('failures', (lease) => ({ lease })),
    failure('a negative retry_after', { retry_after: { seconds: -1n, nanos: 1 } }),
    failure('a retry_after of no end', { retry_after: { seconds: 2n ** 63n - 1n } }),
    failure('a time that is none', { timestamp: { seconds: 2n ** 62n } }),
    failure('a count that is none', { retry_count: 4_294_967_295 }),
    refused('LEASE_LOST', 'causes of causes', {
      failures: [{ ...NOBODY, error: { cause: nested([], [CAUSE], 3000) } }],
    }),
    failure('a cause with a time that is none', { cause: { cause: { timestamp: { seconds: -(2n ** 62n) } } } }),
  ],
  'dispatch.v1.DispatchService/ReleaseTasks': batch('leases', (lease) => lease ?? {}),
  'dispatch.v1.DispatchService/ExtendLeases': [
    ...batch('leases', (lease) => lease ?? {}),
    ...badDurations('lease_duration', (duration) => ({ lease_duration: duration })),
    wrong('lease_duration', 'zero', { lease_duration: {} }),
    wrong('lease_duration', 'a day', { lease_duration: { seconds: 86_400n } }),
  ],
  'dispatch.v1.DispatchService/ReportProgress': [
    ...batch('reports', (lease) => ({ lease })),
    ...badDurations('lease_duration', (duration) => ({ lease_duration: duration })),
    report('percent', 'more than all', { percent: 101 }),
    report('percent', 'as much as can be', { percent: 4_294_967_295 }),
    report('message', 'far too long', { message: 'x'.repeat(1001) }),
    report('message', 'a NUL character', { message: 'a\0b' }),
  ],
  'dispatch.v1.SchedulerService/Wake': [
    ...badNames('queues[0].namespace', (namespace) => ({ queues: [{ namespace, queue: 'q' }] })),
    ...requiredName('queues[0].queue', (queue) => ({ queues: [{ queue }] })),
    ...badNames('cancels[0].namespace', (namespace) => ({ cancels: [{ namespace, task_id: 't' }] })),
    ...requiredName('cancels[0].task_id', (id) => ({ cancels: [{ task_id: id }] })),
    wrong('queues', 'far too many', { queues: Array.from({ length: 50_000 }, () => ({ queue: 'q' })) }),
    wrong('cancels', 'far too many', { cancels: Array.from({ length: 50_000 }, () => ({ task_id: 't' })) }),
  ],
  'dispatch.v1.SchedulerService/RetryTask': ofOneTask(),
  'dispatch.v1.SchedulerService/RescheduleTask': [
    ...ofOneTask({ run_time: { seconds: 1n } }),
    wrong('run_time', 'missing', { task: { task_id: 'pending-1' } }),
    ...badTimes('run_time', (time) => ({ task: { task_id: 'pending-1' }, run_time: time })),
  ],
  'dispatch.v1.SchedulerService/RetryTasks': [
    ...badNames('namespace', (namespace) => ({ namespace, task_ids: ['failed-1'] })),
    ...requiredName('task_ids[0]', (id) => ({ task_ids: [id] })),
    wrong('task_ids', 'too many', { task_ids: Array.from({ length: 1001 }, (_, i) => `t-${i}`) }),
  ],
  'dispatch.v1.SchedulerService/ReclaimWorker': [
    ...badNames('namespace', (namespace) => ({ namespace, worker_id: 'w', last_heartbeat_time: {} })),
    ...requiredName('worker_id', (id) => ({ worker_id: id, last_heartbeat_time: {} })),
    ...badTimes('last_heartbeat_time', (time) => ({ worker_id: 'worker-1', last_heartbeat_time: time })),
    wrong('last_heartbeat_time', 'missing', { worker_id: 'worker-1' }),
  ],
};

function hello(): Loose {
  return { hello: { options: { worker_id: 'worker-1', queues: ['nobody'] } } };
}

function badOptions(field: string, build: (options: Fields) => Loose): readonly BadRequest[] {
  const at = (name: string): string => `${field}.${name}`;
  const options = (fields: Fields): Loose => build({ worker_id: 'w', ...fields });
  const names = Array.from({ length: 1001 }, (_, i) => `name-${i}`);
  return [
    ...requiredName(at('worker_id'), (id) => options({ worker_id: id })),
    ...badNames(at('namespace'), (namespace) => options({ namespace })),
    ...requiredName(at('queues[0]'), (queue) => options({ queues: [queue] })),
    ...requiredName(at('types[0]'), (type) => options({ types: [type] })),
    ...badDurations(at('lease_duration'), (duration) => options({ lease_duration: duration })),
    wrong(at('types[1]'), 'a regular expression', options({ types: ['a', '(a+)+$'] })),
    wrong(at('lease_duration'), 'zero', options({ lease_duration: {} })),
    wrong(at('lease_duration'), 'a day', options({ lease_duration: { seconds: 86_400n } })),
    wrong(at('queues'), 'too many', options({ queues: names })),
    wrong(at('types'), 'too many', options({ types: names })),
    wrong(at('strategy'), 'unknown', options({ strategy: 99 })),
    wrong(at('strategy'), 'negative', options({ strategy: -1 })),
  ];
}

/** What a worker says of leases that it does not hold; and what is no batch. */
function batch(field: string, item: (lease: Loose | undefined) => Loose): readonly BadRequest[] {
  return [
    wrong(field, 'too many', { [field]: MANY }),
    ...badNames('namespace', (namespace) => ({ namespace, [field]: [item(undefined)] })),
    ...LOST.map(([why, lease]) => refused('LEASE_LOST', why, { [field]: [item(lease)] })),
    refused('LEASE_LOST', 'in another namespace', { namespace: 'other', [field]: [item(NOBODY['lease'] as Loose)] }),
  ];
}

function result(reason: string, why: string, payload: Fields): BadRequest {
  return refused(reason, why, { completions: [{ ...NOBODY, result: payload }] });
}

function failure(why: string, error: Fields): BadRequest {
  return refused('INVALID_FIELD', why, { failures: [{ ...NOBODY, error }] });
}

function report(field: string, why: string, fields: Fields): BadRequest {
  return wrong(field, why, { reports: [{ ...NOBODY, ...fields }] });
}

function ofOneTask(more: Fields = {}): readonly BadRequest[] {
  return [
    wrong('task.task_id', 'no task named', more),
    ...requiredName('task.task_id', (id) => ({ ...more, task: { task_id: id } })),
    ...badNames('task.namespace', (namespace) => ({ ...more, task: { namespace, task_id: 'failed-1' } })),
    refused('TASK_NOT_FOUND', 'a task that there is not', { ...more, task: { task_id: 'no-such-task' } }),
    refused('ILLEGAL_TRANSITION', 'a task that runs', { ...more, task: { task_id: 'running-1' } }),
    refused('ILLEGAL_TRANSITION', 'a task that has succeeded', { ...more, task: { task_id: 'done-1' } }),
  ];
}
