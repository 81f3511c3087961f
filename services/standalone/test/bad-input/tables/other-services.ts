import { makePageToken } from '@orrery/service';
import {
  badDurations,
  badLabels,
  badNames,
  badPages,
  type BadRequest,
  badTexts,
  badTimes,
  type Fields,
  refused,
  requiredName,
  wrong,
} from '../fragments.ts';
import type { Loose } from '../write-message.ts';

const MANY_NAMES = Array.from({ length: 1001 }, (_, i) => `name-${i}`);
const worker = (fields: Fields): Loose => ({ worker: { id: 'worker-2', ...fields } });
const limit = (fields: Fields): Loose => ({ limit: { name: 'limit-2', max_running: 1, ...fields } });

const CURSORS: readonly string[] = [
  'x',
  '0',
  '💥',
  '-1',
  'x'.repeat(100_000),
  makePageToken('1', 'something else'),
  ...['x', '1.x', '-1', '1.-1', '1.1.1', '9'.repeat(40), '1e3', ' 1', '0x1', '1.5e9', '1.'].map((place) =>
    makePageToken(place, 'event cursor'),
  ),
];

/** Requests of the other services that must be refused. */
export const OTHER_REQUESTS: Readonly<Record<string, readonly BadRequest[]>> = {
  'assessment.v1.AuditService/ListAuditRecords': [
    ...badNames('namespace', (namespace) => ({ namespace })),
    ...badTexts('subject', (subject) => ({ subject })),
    ...badTexts('correlation_id', (id) => ({ correlation_id: id })),
    ...badTimes('time_from', (time) => ({ time_from: time })),
    ...badTimes('time_before', (time) => ({ time_before: time })),
    ...requiredName('types[0]', (type) => ({ types: [type] })),
    wrong('types', 'too many', { types: MANY_NAMES }),
    ...badPages(
      (page) => page,
      ['default', '', '', null, null, []],
      ['x', 'x y', '1', '1 x', '1 1 1', `${'9'.repeat(30)} 1`, '1 -1', `1 ${'9'.repeat(30)}`],
    ),
  ],
  'event.v1.EventService/Subscribe': [
    ...badNames('namespace', (namespace) => ({ namespace })),
    ...['x', 'orrery.nothing.v1.*', '*', '.*', 'x'.repeat(100_000), ''].map((type) =>
      wrong('filter.types[0]', type.slice(0, 40), { filter: { types: [type] } }),
    ),
    ...['types', 'queues', 'task_types'].map((name) =>
      wrong(`filter.${name}`, 'too many', { filter: { [name]: MANY_NAMES } }),
    ),
    ...badNames('filter.subject', (subject) => ({ filter: { subject } })),
    ...badTexts('filter.correlation_id', (id) => ({ filter: { correlation_id: id } })),
    ...requiredName('filter.queues[0]', (queue) => ({ filter: { queues: [queue] } })),
    ...requiredName('filter.task_types[0]', (type) => ({ filter: { task_types: [type] } })),
    ...badStarts(),
  ],
  'event.v1.EventService/ReplayEvents': [wrong('start', 'missing', {}), ...badStarts()],
  'event.v1.EventService/ListEventCursors': badPages((page) => page, 'event cursors', ['a\0b']),
  'event.v1.EventService/DeleteEventCursor': [
    ...requiredName('name', (name) => ({ name })),
    ...requiredName('name', (name) => ({ name, force: true })),
    refused('CURSOR_NOT_FOUND', 'a cursor that there is not', { name: 'no-such-cursor' }),
    refused('CURSOR_NOT_FOUND', 'not by force either', { name: 'no-such-cursor', force: true }),
    refused('CURSOR_IN_USE', 'a cursor that somebody has', { name: 'relay' }),
  ],
  'flow.v1.FlowService/SetFlowLimit': [
    wrong('limit', 'missing', {}),
    ...badNames('namespace', (namespace) => ({ namespace, limit: { name: 'l', max_running: 1 } })),
    ...requiredName('limit.name', (name) => limit({ name })),
    ...badNames('limit.queue', (queue) => limit({ queue })),
    ...badNames('limit.type', (type) => limit({ type })),
    wrong('limit.type', 'a regular expression', limit({ type: '^a|b$' })),
    wrong('limit.max_running', 'too many', limit({ max_running: 1_000_001 })),
    wrong('limit.max_running', 'as many as can be', limit({ max_running: 4_294_967_295 })),
    wrong('limit.rate.count', 'none', limit({ rate: {} })),
    wrong('limit.rate.count', 'too many', limit({ rate: { count: 4_294_967_295 } })),
    wrong('limit.rate.burst', 'too many', limit({ rate: { count: 1, burst: 4_294_967_295 } })),
    wrong('limit.rate.period', 'zero', limit({ rate: { count: 1, period: {} } })),
    wrong('limit.rate.period', 'a year', limit({ rate: { count: 1, period: { seconds: 31_536_000n } } })),
    ...badDurations('limit.rate.period', (period) => limit({ rate: { count: 1, period } })),
    refused('INVALID_FIELD', 'a limit that limits nothing', { limit: { name: 'limit-2' } }),
  ],
  'flow.v1.FlowService/GetFlowLimit': ofOneLimit(),
  'flow.v1.FlowService/DeleteFlowLimit': ofOneLimit(),
  'flow.v1.FlowService/ListFlowLimits': badNames('namespace', (namespace) => ({ namespace })),
  'namespace.v1.NamespaceService/SetNamespace': [
    wrong('namespace', 'missing', {}),
    ...badNames('namespace.name', (name) => ({ namespace: { name } })),
    wrong('namespace.description', 'far too long', { namespace: { name: 'n', description: 'x'.repeat(5000) } }),
    wrong('namespace.description', 'a NUL character', { namespace: { name: 'n', description: 'a\0b' } }),
    quotas('max_live_tasks', 'as many as can be', { max_live_tasks: 4_294_967_295 }),
    quotas('max_payload_bytes', 'more than the server takes', { max_payload_bytes: 1_048_577 }),
    quotas('create_rate.count', 'none', { create_rate: {} }),
    quotas('create_rate.count', 'as many as can be', { create_rate: { count: 4_294_967_295 } }),
    quotas('create_rate.burst', 'as many as can be', { create_rate: { count: 1, burst: 4_294_967_295 } }),
    ...badDurations('namespace.quotas.create_rate.period', (period) => ({
      namespace: { name: 'n', quotas: { create_rate: { count: 1, period } } },
    })),
  ],
  'namespace.v1.NamespaceService/GetNamespace': [
    ...badNames('name', (name) => ({ name })),
    refused('NAMESPACE_NOT_FOUND', 'a namespace of which nothing was said', { name: 'no-such-namespace' }),
  ],
  'namespace.v1.NamespaceService/ListNamespaces': badPages((page) => page, ['namespaces'], ['a\0b', 'no name']),
  'worker.v1.WorkerService/RegisterWorker': [
    wrong('worker.id', 'no worker at all', {}),
    ...requiredName('worker.id', (id) => worker({ id })),
    ...badNames('worker.namespace', (namespace) => worker({ namespace })),
    ...requiredName('worker.queues[0]', (queue) => worker({ queues: [queue] })),
    ...requiredName('worker.types[0]', (type) => worker({ types: [type] })),
    wrong('worker.queues', 'too many', worker({ queues: MANY_NAMES })),
    wrong('worker.types', 'too many', worker({ types: MANY_NAMES })),
    wrong('worker.concurrency', 'as many as can be', worker({ concurrency: 4_294_967_295 })),
    wrong('worker.process_id', 'as high as can be', worker({ process_id: 4_294_967_295 })),
    ...badTexts('worker.hostname', (hostname) => worker({ hostname })),
    ...badTexts('worker.sdk', (sdk) => worker({ sdk })),
    ...badLabels('worker.labels', (labels) => worker({ labels })),
  ],
  'worker.v1.WorkerService/HeartbeatWorker': [
    ...ofOneWorker(),
    wrong('progress.running', 'as many as can be', beat({ running: 4_294_967_295 })),
    wrong('progress.succeeded', 'beyond what a number can say', beat({ succeeded: 2n ** 64n - 1n })),
    wrong('progress.failed', 'beyond what a number can say', beat({ failed: 2n ** 53n })),
    ...badTimes('progress.last_finish_time', (time) => beat({ last_finish_time: time })),
  ],
  'worker.v1.WorkerService/DeregisterWorker': ofOneWorker().filter(({ reason }) => reason === 'INVALID_FIELD'),
  'worker.v1.WorkerService/DrainWorker': ofOneWorker(),
  'worker.v1.WorkerService/GetWorker': ofOneWorker(),
  'worker.v1.WorkerService/ListWorkers': [
    ...badNames('namespace', (namespace) => ({ namespace })),
    ...[0, 99, -1].map((state) => wrong('states[0]', `${state}`, { states: [state] })),
    wrong('states', 'far too many', { states: Array.from({ length: 5000 }, () => 1) }),
    ...badPages((page) => page, ['default', []], ['a\0b']),
  ],
};

function quotas(field: string, why: string, said: Fields): BadRequest {
  return wrong(`namespace.quotas.${field}`, why, { namespace: { name: 'n', quotas: said } });
}

function badStarts(): readonly BadRequest[] {
  return [
    ...CURSORS.map((cursor, i) => wrong('cursor', `number ${i}`, { cursor })),
    ...badTimes('time', (time) => ({ time })),
    wrong('time', 'after a cursor, which does not count', { cursor: 'x', time: { seconds: 2n ** 62n } }),
  ];
}

function ofOneLimit(): readonly BadRequest[] {
  return [
    ...requiredName('name', (name) => ({ name })),
    ...badNames('namespace', (namespace) => ({ namespace, name: 'limit-1' })),
    refused('FLOW_LIMIT_NOT_FOUND', 'a limit that there is not', { name: 'no-such-limit' }),
    refused('FLOW_LIMIT_NOT_FOUND', 'of another namespace', { namespace: 'other', name: 'limit-1' }),
  ];
}

function ofOneWorker(more: Fields = {}): readonly BadRequest[] {
  return [
    ...requiredName('worker_id', (id) => ({ ...more, worker_id: id })),
    ...badNames('namespace', (namespace) => ({ ...more, namespace, worker_id: 'worker-1' })),
    refused('WORKER_NOT_FOUND', 'a worker that there is not', { ...more, worker_id: 'no-such-worker' }),
    refused('WORKER_NOT_FOUND', 'of another namespace', { ...more, namespace: 'other', worker_id: 'worker-1' }),
  ];
}

function beat(progress: Fields): Loose {
  return { worker_id: 'worker-1', progress };
}
