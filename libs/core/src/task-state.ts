import type { TaskStatus } from './task.ts';

/**
 * Every legal change of status. A task may also stay as it is; anything else is refused. docs/state-machine.md draws this table,
 * and a spec asserts that the two are equal.
 */
export const TRANSITIONS: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  PENDING: ['RUNNING', 'FAILED', 'CANCELLED'],
  RUNNING: ['SUCCEEDED', 'FAILED', 'CANCELLED', 'PENDING'],
  SUCCEEDED: [],
  FAILED: ['PENDING'],
  CANCELLED: [],
};

/** Whether a task may go from one status to another; staying is always legal. */
export function canTransition(from: TaskStatus, to: TaskStatus): boolean {
  return from === to || TRANSITIONS[from].includes(to);
}

/** Whether the status is an end: SUCCEEDED, FAILED or CANCELLED. */
export function isTerminal(status: TaskStatus): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || status === 'CANCELLED';
}
