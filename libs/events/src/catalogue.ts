import type { ScheduleEventKind, TaskEventKind, WorkerEventKind } from '@orrery/core';

/** What each event of a task means. */
export const TASK_EVENT_MEANINGS: Readonly<Record<TaskEventKind, string>> = {
  created: 'The task was created and waits for its time, or for a worker.',
  started: 'A worker took the task and an attempt began.',
  succeeded: 'The attempt succeeded; the task has ended.',
  failed: 'The last attempt failed, or a failure that no retry can mend; the task has ended.',
  retry_scheduled: 'The attempt failed; the task waits for the next one.',
  released: 'The worker handed the task back without using up the attempt.',
  progressed: 'The handler said how far it is; what is said in quick succession is told of once.',
  cancel_requested: 'The running task was asked to stop; its worker hears of it.',
  cancelled: 'The task was cancelled; it has ended.',
  redriven: 'The failed task was set waiting again by request.',
  deleted: 'The task was deleted by request, with the status told; nothing is told of it any more.',
  rescheduled: "The waiting task's time was changed by request.",
};

/** What each event of a worker means. */
export const WORKER_EVENT_MEANINGS: Readonly<Record<WorkerEventKind, string>> = {
  started: 'The worker registered.',
  draining: 'The worker takes no new tasks and finishes those it has.',
  stopped: 'The worker said goodbye.',
  lost: 'The worker sent no heartbeat for too long; what it held is taken back.',
  recovered: 'A worker that was taken for lost sent a heartbeat.',
};

/** What each event of a schedule means. */
export const SCHEDULE_EVENT_MEANINGS: Readonly<Record<ScheduleEventKind, string>> = {
  created: 'The schedule was created.',
  updated: 'What is decided about the schedule was changed.',
  paused: 'The schedule was paused: nothing is fired until it is resumed.',
  resumed: 'The schedule goes on.',
  triggered: 'Somebody asked for a run now.',
  backfilled: 'Somebody asked for slots of the past.',
  queued: 'A run waits for the one before it to end.',
  fired: "A slot's task was made.",
  skipped: 'Slots were left out: they overlapped, or were missed beyond what is made up.',
  deleted: 'The schedule was deleted.',
};

const text = (description: string, example: string) => ({ type: 'string', description, examples: [example] });

/** JSON Schemas of the bodies of events, by name. */
export const EVENT_SCHEMAS = {
  TaskEventData: {
    type: 'object',
    description: 'What is told of a task beyond the headers. More fields may come.',
    required: ['queue', 'task_type', 'status', 'attempt', 'worker_id'],
    properties: {
      queue: text('The queue it waits in or waited in.', 'default'),
      task_type: text('What work it is.', 'PrismQ.YouTube.Channel.Scrape'),
      status: {
        type: 'string',
        description: 'Its status after the change.',
        enum: ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'],
      },
      attempt: { type: 'integer', minimum: 0, description: 'How many attempts have begun.' },
      worker_id: text('Who runs it, or ran it last; empty before the first attempt.', 'worker-1'),
      error: { $ref: '#/components/schemas/TaskError' },
      progress_percent: {
        type: 'integer',
        minimum: 0,
        maximum: 100,
        description: 'With progressed, if it can be said in numbers: how far it is.',
      },
      progress_message: text('With progressed: how far it is, in words.', 'page 3 of 7'),
    },
  },
  WorkerEventData: {
    type: 'object',
    description: 'What is told of a worker beyond the headers. More fields may come.',
    required: ['state'],
    properties: {
      state: {
        type: 'string',
        description: 'Its state after the change.',
        enum: ['ACTIVE', 'DRAINING', 'STOPPED', 'LOST'],
      },
    },
  },
  ScheduleEventData: {
    type: 'object',
    description:
      'What is told of a schedule beyond the headers; what does not apply is left out. More fields may come.',
    properties: {
      slot_time: {
        type: 'string',
        format: 'date-time',
        description: 'With queued, fired and skipped: the slot; the newest of several.',
      },
      task_id: text("With triggered, queued and fired: the task's id.", 'nightly/2026-03-29T01:30:00.000Z'),
      cause: {
        type: 'string',
        description: 'With queued and fired: why.',
        enum: ['SLOT', 'CATCH_UP', 'BACKFILL', 'TRIGGER'],
      },
      count: { type: 'integer', minimum: 1, description: 'With skipped and backfilled: how many slots.' },
      reason: { type: 'string', description: 'With skipped: why.', enum: ['OVERLAP', 'MISSED'] },
    },
  },
  TaskError: {
    type: 'object',
    description: 'Why an attempt failed; with failed and retry_scheduled.',
    required: ['error_type', 'message'],
    properties: {
      error_type: text('What kind of error it is.', 'network'),
      message: text('What went wrong, for people.', 'connection reset by peer'),
      timestamp: { type: 'string', format: 'date-time', description: 'When it happened.' },
      traceback: { type: ['string', 'null'], description: 'The stack, as the language of the worker writes it.' },
      exception_type: { type: ['string', 'null'], description: 'The class that was thrown.' },
      context: { type: 'object', description: 'Facts.' },
      retry_count: { type: 'integer', description: 'Retries already made.' },
      max_retries: { type: ['integer', 'null'], description: 'Retries allowed after the first try.' },
      is_retryable: { type: 'boolean', description: 'Whether trying again may help.' },
      severity: { type: 'string', enum: ['warning', 'error', 'critical'], description: 'How bad it is.' },
      category: text('Whose business it is.', 'external'),
      cause: { description: 'The error behind it, of the same form.', type: ['object', 'null'] },
      retry_after: { type: ['string', 'null'], description: 'How long to wait first, e.g. "30s".' },
    },
  },
} as const;

/** JSON Schema of the headers of every event. */
export const HEADER_SCHEMA = {
  type: 'object',
  description: 'CloudEvents 1.0, binary mode. Values are percent-encoded beyond printable ASCII.',
  required: ['ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-subject', 'ce-time', 'ce-sequence', 'content-type'],
  properties: {
    'Nats-Msg-Id': text(
      'The same as ce-id; JetStream drops what it has been told shortly before.',
      'default/task/…/01',
    ),
    'ce-specversion': { type: 'string', const: '1.0' },
    'ce-id': text('The same however often the event is told.', 'default/task/0198…/00000000000000000002'),
    'ce-source': text('/orrery/ and the namespace.', '/orrery/default'),
    'ce-type': text('What happened.', 'orrery.task.v1.succeeded'),
    'ce-subject': text('The id of the task, the worker or the schedule.', '01980000-0000-7000-8000-000000000000'),
    'ce-time': { type: 'string', format: 'date-time', description: "When, by the database's clock." },
    'ce-sequence': {
      type: 'string',
      pattern: '^[0-9]{20}$',
      description: "Counts the subject's changes: 1 for the first, then without a gap.",
    },
    'ce-correlationid': text('Ties together what happens because of one request; tasks only.', 'order-4711'),
    'ce-traceparent': text(
      'The W3C trace context in which the task was created; tasks only.',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    ),
    'content-type': { type: 'string', const: 'application/json' },
  },
} as const;
