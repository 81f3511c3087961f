import { Duration } from '@orrery/duration';
import type { ClaimStrategy } from './claim-order.ts';

/** How long a task waits, at most, for those that come before it by LIFO or PRIORITY only; then it gets a share of the claims. */
export const DEFAULT_AGEING = Duration.of({ minutes: 5 });

/** One claim in so many goes to old tasks first. */
const SHARE = 10;

/** How long nobody looks again where there were no old tasks. */
const QUIET = Duration.ofSeconds(5);

/** What is remembered of a line of claims to give old tasks their share. */
export interface Ageing {
  /** How many claims in a row were filled, so that something may have been left waiting. */
  readonly filled: number;
  /** There were no old tasks: not to be looked for before this. */
  readonly quietUntil: Date | null;
}

/** Before the first claim. */
export const NOTHING_CLAIMED: Ageing = Object.freeze({ filled: 0, quietUntil: null });

/**
 * Whether the next claim goes to old tasks first: every tenth of those that fill up. While claims do not fill up nothing is left
 * behind, and by FIFO the oldest come first anyway.
 */
export function oldComeFirst({ filled, quietUntil }: Ageing, strategy: ClaimStrategy, now: Date): boolean {
  if (strategy === 'FIFO' || filled < SHARE - 1) return false;
  return quietUntil === null || quietUntil <= now;
}

/** After a claim in the strategy's own order. */
export function afterClaim(ageing: Ageing, filledUp: boolean): Ageing {
  return { ...ageing, filled: filledUp ? ageing.filled + 1 : 0 };
}

/** After a claim of old tasks. */
export function afterOldClaim(foundAny: boolean, now: Date): Ageing {
  return { filled: 0, quietUntil: foundAny ? null : QUIET.addTo(now) };
}
