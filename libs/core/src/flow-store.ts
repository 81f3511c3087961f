import type { Duration } from '@orrery/duration';
import type { FlowLimit } from './flow-limit.ts';

/**
 * Where limits on the flow of tasks are kept. A claim never exceeds one, however many claim at the same time. A limit that was just
 * set holds at once for claims by the same process and within a second for others; what runs already goes on.
 */
export interface FlowStore {
  /** Sets a limit, or replaces the one of its name; returns whether it is new. What was used of its rate is forgotten. */
  setLimit(limit: FlowLimit): Promise<{ readonly created: boolean }>;

  /** The limits of a namespace by name. */
  listLimits(namespace: string): Promise<readonly FlowLimit[]>;

  /** Deletes a limit; returns whether there was one. */
  deleteLimit(namespace: string, name: string): Promise<boolean>;

  /** Whether any limit can hold for tasks in these queues; cheap enough to be asked with each claim. */
  areLimited(namespace: string, queues: readonly string[]): Promise<boolean>;

  /** How long until a rate lets something begin in these queues that it holds back now; null: no rate holds anything back. */
  nextOpening(namespace: string, queues: readonly string[]): Promise<Duration | null>;

  /** Forgets the use of rates that is over; returns how much was forgotten. */
  purgeRates(): Promise<number>;
}
