import { Duration } from '@orrery/duration';
import type { Task, TaskStatus } from './task.ts';

/** How long ended tasks are kept, their results with them, by how they ended. */
export type Retention = Readonly<Record<Extract<TaskStatus, 'SUCCEEDED' | 'FAILED' | 'CANCELLED'>, Duration>>;

/** What holds unless it is said otherwise: dead letters wait longer for somebody to look at them. */
export const DEFAULT_RETENTION: Retention = Object.freeze({
  SUCCEEDED: Duration.of({ days: 7 }),
  FAILED: Duration.of({ days: 30 }),
  CANCELLED: Duration.of({ days: 7 }),
});

/** The shortest retention of a task's own: whoever waits for it hears of its end and can look at it. */
export const MIN_OWN_RETENTION = Duration.of({ minutes: 1 });

/** Until when an ended task is kept that says so itself; null: it has not ended, or is kept as others are. */
export function keptUntil({ finishedAt, retention }: Pick<Task, 'finishedAt' | 'retention'>): Date | null {
  return (finishedAt && retention?.addTo(finishedAt)) ?? null;
}
