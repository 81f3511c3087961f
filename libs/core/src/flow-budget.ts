import { coversTask, openRate, useRate, type FlowLimit, type FlowPlace, type RateUse } from './flow-limit.ts';

/** How many tasks run in one place. */
export interface RunningCount extends FlowPlace {
  readonly count: number;
}

/** What limits leave room for is reckoned from this. */
export interface FlowUse {
  readonly limits: readonly FlowLimit[];
  readonly running: readonly RunningCount[];
  readonly rates: readonly RateUse[];
}

/** What some limits still let begin: asked for each task of a claim, and told of each that is taken. */
export class FlowBudget {
  readonly #limits: readonly FlowLimit[];
  readonly #now: Date;
  readonly #rates: ReadonlyMap<string, RateUse>;
  /** For each limit, or key of a limit, how many more may begin. */
  readonly #room = new Map<string, number>();
  readonly #running = new Map<string, number>();
  readonly #taken = new Map<string, { readonly limit: FlowLimit; readonly flowKey: string; count: number }>();

  constructor({ limits, running, rates }: FlowUse, now: Date) {
    this.#limits = limits;
    this.#now = now;
    this.#rates = new Map(rates.map((use) => [slotOf(use.limit, use.flowKey), use]));
    for (const { count, ...place } of running) {
      for (const limit of limits) {
        if (limit.maxRunning === null || !coversTask(limit, place)) continue;
        const slot = slotOf(limit.name, keyUnder(limit, place));
        this.#running.set(slot, (this.#running.get(slot) ?? 0) + count);
      }
    }
  }

  /** Whether one more task may begin there. */
  admits(place: FlowPlace): boolean {
    return this.#limits.every((limit) => !coversTask(limit, place) || this.#roomOf(limit, place) > 0);
  }

  /** Takes the room that one task needs. */
  take(place: FlowPlace): void {
    for (const limit of this.#limits) {
      if (!coversTask(limit, place)) continue;
      const flowKey = keyUnder(limit, place);
      const slot = slotOf(limit.name, flowKey);
      this.#room.set(slot, this.#roomOf(limit, place) - 1);
      const taken = this.#taken.get(slot);
      if (taken) taken.count += 1;
      else this.#taken.set(slot, { limit, flowKey, count: 1 });
    }
  }

  /** The limits that hold for tasks without a key and let none begin any more. */
  closed(): readonly FlowLimit[] {
    const anywhere = { queue: '', type: '', flowKey: '' };
    return this.#limits.filter((limit) => !limit.perKey && this.#roomOf(limit, anywhere) <= 0);
  }

  /** What has become of the rates that were used. */
  rateUses(): readonly RateUse[] {
    return [...this.#taken].flatMap(([slot, { limit, flowKey, count }]) => {
      if (!limit.rate) return [];
      const fullAt = useRate(limit.rate, this.#rates.get(slot)?.fullAt ?? 0, count, this.#now);
      return [{ limit: limit.name, flowKey, fullAt }];
    });
  }

  #roomOf(limit: FlowLimit, place: FlowPlace): number {
    const slot = slotOf(limit.name, keyUnder(limit, place));
    const known = this.#room.get(slot);
    if (known !== undefined) return known;
    const toRun = limit.maxRunning === null ? Infinity : limit.maxRunning - (this.#running.get(slot) ?? 0);
    const toBegin = limit.rate ? openRate(limit.rate, this.#rates.get(slot)?.fullAt ?? 0, this.#now) : Infinity;
    const room = Math.min(toRun, toBegin);
    this.#room.set(slot, room);
    return room;
  }
}

function keyUnder(limit: FlowLimit, place: FlowPlace): string {
  return limit.perKey ? place.flowKey : '';
}

// Neither names nor keys have a NUL, so that no two pairs make the same slot.
function slotOf(limit: string, flowKey: string): string {
  return `${limit}\0${flowKey}`;
}
