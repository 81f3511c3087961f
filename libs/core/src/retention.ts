import { Duration } from '@orrery/duration';
import type { TaskStatus } from './task.ts';

/** How long ended tasks are kept, their results with them, by how they ended. */
export type Retention = Readonly<Record<Extract<TaskStatus, 'SUCCEEDED' | 'FAILED' | 'CANCELLED'>, Duration>>;

/** What holds unless it is said otherwise: dead letters wait longer for somebody to look at them. */
export const DEFAULT_RETENTION: Retention = Object.freeze({
  SUCCEEDED: Duration.of({ days: 7 }),
  FAILED: Duration.of({ days: 30 }),
  CANCELLED: Duration.of({ days: 7 }),
});
