import {
  badDurations,
  badLabels,
  badNames,
  badPages,
  type BadRequest,
  badTexts,
  badTimes,
  type Fields,
  NOT_UTF8,
  refused,
  refusedStream,
  requiredName,
  wrong,
} from '../fragments.ts';
import type { Loose } from '../write-message.ts';
import { badCreations } from './task-specs.ts';

const NO_FILTER = '';

/** Requests to create many that must be refused. */
const CREATIONS: readonly BadRequest[] = [
  wrong('tasks', 'none', {}),
  wrong('tasks', 'too many', { tasks: Array.from({ length: 1001 }, () => ({ type: 'work' })) }),
  ...badNames('namespace', (namespace) => ({ namespace, tasks: [{ type: 'work' }] })),
  ...badCreations({ field: 'tasks[1]', build: (task) => ({ tasks: [{ type: 'work' }, task] }) }),
  ...badCreations({ field: 'tasks[0]', build: (task) => ({ tasks: [task], partial_success: true }) }),
  refused('TASK_ALREADY_EXISTS', 'twice the same id', { tasks: [taskOf('a'), taskOf('a')] }),
  refused('TASK_ALREADY_EXISTS', 'one id of another task', { tasks: [taskOf('b'), taskOf('done-1')] }),
  refused('TASK_ALREADY_EXISTS', 'that alone', { tasks: [taskOf('done-1')], partial_success: true }),
  wrong('request_id', 'too long', { tasks: [{ type: 'work' }], request_id: 'x'.repeat(129), partial_success: true }),
];

/** Requests of TaskService that must be refused. */
export const TASK_REQUESTS: Readonly<Record<string, readonly BadRequest[]>> = {
  'task.v1.TaskService/CreateTask': [
    wrong('task', 'missing', {}),
    ...badNames('namespace', (namespace) => ({ namespace, task: { type: 'work' } })),
    ...badCreations({ field: 'task', build: (task) => ({ task }) }),
    wrong('request_id', 'too long', { task: { type: 'work' }, request_id: 'x'.repeat(129) }),
    wrong('request_id', 'a NUL character', { task: { type: 'work' }, request_id: 'a\0b' }),
    refused('TASK_ALREADY_EXISTS', 'the id of another task', { task: { type: 'work', id: 'pending-1' } }),
    refused('TASK_ALREADY_EXISTS', 'the id of a task that has ended', { task: { type: 'work', id: 'done-1' } }),
    refused('REQUEST_ID_REUSED', 'a request id that was used', { task: { type: 'work' }, request_id: 'used-1' }),
  ],
  'task.v1.TaskService/CreateTasks': CREATIONS,
  'task.v1.TaskService/StreamCreateTasks': [
    wrong('creation.request_id', 'nothing at all', {}),
    wrong('creation.request_id', 'no id to answer to', { creation: { tasks: [{ type: 'work' }] } }),
    ...CREATIONS.map((row) => ({
      ...row,
      messages: row.messages.map((creation) => ({ creation: { request_id: 'r', ...creation } })),
    })),
  ],
  'task.v1.TaskService/GetTask': [...ofOneTask(), ...badViews((view) => ({ task_id: 'done-1', view }))],
  'task.v1.TaskService/ListTasks': [
    ...badNames('namespace', (namespace) => ({ namespace })),
    ...badPages((page) => page, ['default', NO_FILTER, 0], ['a\0b', 'no name', 'x'.repeat(5000)]),
    ...badFilters('filter', (filter) => ({ filter })),
    ...badViews((view) => ({ view })),
  ],
  'task.v1.TaskService/WaitTask': [
    ...ofOneTask(),
    ...badDurations('timeout', (timeout) => ({ task_id: 'pending-1', timeout })),
    ...badViews((view) => ({ task_id: 'done-1', view })),
  ],
  'task.v1.TaskService/WatchTasks': [
    ...requiredName('task_ids[0]', (id) => ({ task_ids: [id] })),
    ...badNames('namespace', (namespace) => ({ namespace, task_ids: ['done-1'] })),
    ...badViews((view) => ({ task_ids: ['pending-1'], view })),
    wrong('task_ids', 'too many', { task_ids: Array.from({ length: 1001 }, (_, i) => `t-${i}`) }),
    refusedStream(
      'INVALID_FIELD',
      'a later message',
      [{ task_ids: ['pending-1'] }, { task_ids: ['a b'] }],
      'task_ids[0]',
    ),
  ],
  'task.v1.TaskService/CancelTask': [
    ...ofOneTask(),
    refused('ILLEGAL_TRANSITION', 'a task that has succeeded', { task_id: 'done-1' }),
    refused('ILLEGAL_TRANSITION', 'a task that has failed', { task_id: 'failed-1' }),
  ],
  'task.v1.TaskService/RetryTask': [
    ...ofOneTask(),
    refused('ILLEGAL_TRANSITION', 'a task that has succeeded', { task_id: 'done-1' }),
    refused('ILLEGAL_TRANSITION', 'a task that runs', { task_id: 'running-1' }),
  ],
  'task.v1.TaskService/RescheduleTask': [
    ...ofOneTask({ run_time: { seconds: 1n } }),
    wrong('run_time', 'missing', { task_id: 'pending-1' }),
    ...badTimes('run_time', (time) => ({ task_id: 'pending-1', run_time: time })),
    refused('ILLEGAL_TRANSITION', 'a task that runs', { task_id: 'running-1', run_time: { seconds: 1n } }),
    refused('ILLEGAL_TRANSITION', 'a task that has ended', { task_id: 'done-1', run_time: { seconds: 1n } }),
  ],
  'task.v1.TaskService/DeleteTask': [
    ...ofOneTask(),
    ...ofOneTask({ force: true }),
    refused('ILLEGAL_TRANSITION', 'a task that has not ended', { task_id: 'pending-1' }),
    refused('ILLEGAL_TRANSITION', 'a task that runs', { task_id: 'running-1' }),
  ],
  'task.v1.TaskService/GetStats': badNames('namespace', (namespace) => ({ namespace })),
  'task.v1.TaskService/BulkRetryTasks': badSelections('retry', [1, 2, 3, 5]),
  'task.v1.TaskService/BulkCancelTasks': badSelections('cancel', [3, 4, 5]),
  'task.v1.TaskService/BulkDeleteTasks': badSelections('delete', [1, 2]),
};

function taskOf(id: string): Fields {
  return { type: 'work', id };
}

function ofOneTask(more: Fields = {}): readonly BadRequest[] {
  return [
    ...requiredName('task_id', (id) => ({ ...more, task_id: id })),
    ...badNames('namespace', (namespace) => ({ ...more, namespace, task_id: 'done-1' })),
    refused('TASK_NOT_FOUND', 'a task that there is not', { ...more, task_id: 'no-such-task' }),
    refused('TASK_NOT_FOUND', 'a task of another namespace', { ...more, namespace: 'other', task_id: 'done-1' }),
    refused('TASK_NOT_FOUND', 'what every object has', { ...more, task_id: 'constructor' }),
  ];
}

function badViews(build: (view: number) => Loose): readonly BadRequest[] {
  return [99, -1].map((view) => wrong('view', `${view}`, build(view)));
}

function badFilters(field: string, build: (filter: Fields) => Loose): readonly BadRequest[] {
  const names = Array.from({ length: 101 }, (_, i) => `name-${i}`);
  return [
    ...[0, 99, -1].map((status) => wrong(`${field}.statuses[0]`, `${status}`, build({ statuses: [status] }))),
    wrong(`${field}.statuses`, 'far too many', build({ statuses: Array.from({ length: 5000 }, () => 1) })),
    wrong(`${field}.queues`, 'too many', build({ queues: names })),
    wrong(`${field}.types`, 'too many', build({ types: names })),
    ...requiredName(`${field}.queues[0]`, (queue) => build({ queues: [queue] })),
    ...requiredName(`${field}.types[0]`, (type) => build({ types: [type] })),
    wrong(`${field}.types[0]`, 'a pattern of nothing', build({ types: ['.*'] })),
    wrong(`${field}.types[1]`, 'a regular expression', build({ types: ['a', '(a+)+$'] })),
    wrong(`${field}.types[0]`, 'an asterisk within', build({ types: ['a.*.b'] })),
    ...badLabels(`${field}.labels`, (labels) => build({ labels })),
    ...badTexts(`${field}.correlation_id`, (id) => build({ correlation_id: id })),
    ...badNames(`${field}.parent_task_id`, (id) => build({ parent_task_id: id })),
    ...badTimes(`${field}.create_time_from`, (time) => build({ create_time_from: time })),
    ...badTimes(`${field}.create_time_before`, (time) => build({ create_time_before: time })),
    wrong(
      `${field}.correlation_id`,
      'long and no UTF-8',
      build({ correlation_id: Buffer.concat(Array.from({ length: 99 }, () => NOT_UTF8)) }),
    ),
  ];
}

/** Selections that no bulk operation takes; `others` are the statuses it cannot change. */
function badSelections(operation: string, others: readonly number[]): readonly BadRequest[] {
  const select = (selection: Fields): Loose => ({ selection });
  return [
    wrong('selection.filter', 'missing', {}),
    wrong('selection.filter', 'nothing in it', select({ filter: {} })),
    wrong('selection.filter', 'together with all', select({ all: true, filter: { queues: ['a'] } })),
    wrong('selection.max_tasks', 'beyond what a number can say', select({ all: true, max_tasks: 2n ** 64n - 1n })),
    ...others.map((status) =>
      wrong('selection.filter.statuses[0]', `${operation} ${status}`, select({ filter: { statuses: [status] } })),
    ),
    ...badNames('namespace', (namespace) => ({ namespace, selection: { all: true } })),
    ...badFilters('selection.filter', (filter) => select({ filter })),
    ...badTokens(operation),
  ];
}

function badTokens(operation: string): readonly BadRequest[] {
  const boundTo = [operation, 'default', NO_FILTER];
  return badPages(
    ({ page_token: token, page_size: size }) =>
      size === undefined ? { selection: { all: true, resume_token: token } } : { selection: {} },
    boundTo,
    ['a\0b', 'no name'],
  ).filter(({ reason }) => reason === 'INVALID_PAGE_TOKEN');
}
