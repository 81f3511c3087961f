/** How much later than others a task may be committed that was created before them, and still be found by the next claim. */
const LATE_COMMIT_MS = 1_000;

/** How often everything is looked at, whatever is known; and after a claim that found nothing. */
const LOOK_EVERY_MS = 1_000;
const LOOK_WHEN_EMPTY_AFTER_MS = 100;

/** Looking at everything may take this part of the time at most: where it is slow it is done less often. */
const LOOK_SHARE = 1 / 20;

/** How many kinds of claims are remembered; the one used longest ago is forgotten first, and begins anew. */
const MAX_FLOORS = 1_000;

/** Where a claim begins to look, in milliseconds since 1970; null: at the oldest task there is. */
export type From = number | null;

/** A claim that is under way. */
export interface BegunClaim {
  readonly from: From;
  /** How often the floor had been reset when it began. */
  readonly resets: number;
}

/**
 * From when on a kind of claim looks for tasks: everything older was taken. That matters when dead rows cannot be removed, because a
 * transaction elsewhere, a backup or a replica still may see them: then each claim would read the index entries of all tasks that were
 * ever claimed since, as they come first in its order (130,000 entries a claim after four minutes at 500 tasks a
 * second).
 *
 * It is a hint: once a second, and when a claim finds nothing, everything is looked at again.
 */
export class ClaimFloor {
  private from: From = null;
  private lookedAt = -Infinity;
  private lookTook = 0;
  /** Grows whenever something older may have become ready: what a claim learned that was under way then is void. */
  private resets = 0;

  /** Where to begin a claim now; times are of a monotonic clock, in milliseconds. */
  begin(now: number, atEverything = this.mayLook(now, LOOK_EVERY_MS)): BegunClaim {
    return { from: atEverything ? null : this.from, resets: this.resets };
  }

  /** Takes in what a claim brought: when the oldest was created that it took in that order, if it took any. */
  end(
    claim: BegunClaim,
    oldest: From,
    { startedAt, endedAt }: { readonly startedAt: number; readonly endedAt: number },
  ): void {
    if (claim.from === null) {
      this.lookedAt = startedAt;
      this.lookTook = endedAt - startedAt;
    }
    if (oldest !== null && claim.resets === this.resets) this.from = oldest - LATE_COMMIT_MS;
  }

  /** Whether a claim that found nothing is to be followed by one that looks at everything. */
  looksAgain({ from }: BegunClaim, now: number): boolean {
    return from !== null && this.mayLook(now, LOOK_WHEN_EMPTY_AFTER_MS);
  }

  /** Something older may have become ready. */
  reset(): void {
    this.resets += 1;
    this.from = null;
  }

  private mayLook(now: number, every: number): boolean {
    return now - this.lookedAt >= Math.max(every, this.lookTook / LOOK_SHARE);
  }
}

/** The floors of all kinds of claims. */
export class ClaimFloors {
  private readonly floors = new Map<string, ClaimFloor>();

  /** That of a kind of claim, which must name all that decides what a claim takes. */
  of(kind: string): ClaimFloor {
    const floor = this.floors.get(kind) ?? new ClaimFloor();
    this.floors.delete(kind);
    this.floors.set(kind, floor);
    const [oldest] = this.floors.keys();
    if (this.floors.size > MAX_FLOORS && oldest !== undefined) this.floors.delete(oldest);
    return floor;
  }

  /** Tasks became ready that may be older than what was claimed last. */
  reset(): void {
    for (const floor of this.floors.values()) floor.reset();
  }
}
