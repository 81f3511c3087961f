import { canTransition, isTerminal, type Task, type TaskEvent, type TaskSpec } from '@orrery/core';
import { alike } from '../store-suite/alike.ts';

const FIXED_FIELDS = [
  'namespace',
  'id',
  'queue',
  'type',
  'params',
  'priority',
  'flowKey',
  'retryPolicy',
  'runTimeout',
  'queueTimeout',
  'heartbeatTimeout',
  'labels',
  'correlationId',
  'traceparent',
  'parentTaskId',
  'dedupKey',
  'typeVersion',
  'createdAt',
] as const satisfies readonly (keyof TaskSpec | 'createdAt')[];

/**
 * What is wrong with a task as it is after one step, given how it was before (undefined: it was not there) and the events that the
 * step made about it. None: nothing is wrong.
 */
export function brokenInvariants(
  before: Task | undefined,
  after: Task,
  events: readonly TaskEvent[],
): readonly string[] {
  const problems: string[] = [];
  const must = (holds: boolean, problem: string) => {
    if (!holds) problems.push(`task "${after.id}" (${after.status}): ${problem}`);
  };
  checkShape(after, must);

  const last = events.at(-1);
  must(events.length <= 1, `${events.length} events in one step`);
  must(after.revision === (before?.revision ?? 0) + events.length, `revision ${after.revision} without its event`);
  if (last) {
    must(last.sequence === after.revision, `event ${last.sequence} for revision ${after.revision}`);
    must(last.status === after.status, `an event that says ${last.status}`);
    must(last.attempt === after.attempt, `attempt ${after.attempt}, but an event that says ${last.attempt}`);
  }
  if (!before) {
    must(after.attempt === 0 && after.status === 'PENDING', 'not new');
    return problems;
  }
  if (!last) must(alike(unextended(before), unextended(after)), 'changed without an event');
  must(canTransition(before.status, after.status), `was ${before.status}`);
  const redriven = before.status === 'FAILED' && last?.kind === 'redriven';
  if (isTerminal(before.status)) must(redriven || !last, `changed after its end by ${last?.kind}`);
  const rise = last?.kind === 'started' ? 1 : last?.kind === 'released' ? -1 : 0;
  must(after.attempt === before.attempt + rise, `attempt ${before.attempt} became ${after.attempt} by ${last?.kind}`);
  for (const field of FIXED_FIELDS) must(alike(before[field], after[field]), `${field} has changed`);
  return problems;
}

function checkShape(task: Task, must: (holds: boolean, problem: string) => void): void {
  const isRunning = task.status === 'RUNNING';
  must(task.attempt >= 0 && task.attempt <= task.maxAttempts, `attempt ${task.attempt} of ${task.maxAttempts}`);
  must((task.finishedAt !== null) === isTerminal(task.status), `finished at ${task.finishedAt?.toISOString()}`);
  must((task.leaseExpiresAt !== null) === isRunning, `lease until ${task.leaseExpiresAt?.toISOString()}`);
  must((task.leaseToken !== null) === (isRunning || task.status === 'SUCCEEDED'), `lease token ${task.leaseToken}`);
  must(!isRunning || (task.attempt > 0 && task.startedAt !== null && task.workerId !== ''), 'nobody runs it');
  if (task.cancelRequestedAt) must(isRunning || task.status === 'CANCELLED', 'asked to be cancelled, and went on');
  must(task.heartbeatAt === null || isRunning, 'a heartbeat of nobody');
  must(task.result === null || task.status === 'SUCCEEDED', 'a result without success');
}

/** The task without what extending its lease changes. */
function unextended(task: Task): Task {
  return task.status === 'RUNNING'
    ? { ...task, leaseExpiresAt: null, heartbeatAt: null, updatedAt: task.createdAt }
    : task;
}
