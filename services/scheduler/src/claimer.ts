import type { ClaimStrategy, Task } from '@orrery/core';
import type { Duration } from '@orrery/duration';

/** What a worker wants to claim, and how. */
export interface ClaimOptions {
  readonly namespace: string;
  readonly workerId: string;
  readonly queues: readonly string[];
  /** Empty: every type. */
  readonly types: readonly string[];
  readonly strategy: ClaimStrategy;
  readonly leaseDuration: Duration;
}

/** Somebody who waits for tasks: a Work stream or a long-polling call. */
export interface Claimer {
  readonly options: ClaimOptions;
  /** How many tasks it can take now. */
  wanted(): number;
  /** Hands over tasks, leased to it. False: it is gone, and the tasks must be handed back. */
  deliver(tasks: readonly Task[]): boolean;
}

/** Claimers with the same key can share one claim. */
export function claimKey(options: ClaimOptions): string {
  return JSON.stringify([
    options.namespace,
    [...options.queues].sort(),
    [...options.types].sort(),
    options.strategy,
    options.leaseDuration.toMillis(),
  ]);
}
