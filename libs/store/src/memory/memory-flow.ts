import { compareIds, concernsQueues, FlowBudget, millisToOpen } from '@orrery/core';
import type { ClaimTasks, Clock, FlowLimit, FlowStore, RateUse, RunningCount } from '@orrery/core';
import { Duration } from '@orrery/duration';

/** The limits of one namespace, and how far their rates are used. */
interface Flow {
  readonly limits: Map<string, FlowLimit>;
  /** By limit, then key. */
  readonly rates: Map<string, Map<string, RateUse>>;
}

/** Limits in memory. */
export class MemoryFlow implements FlowStore {
  readonly #flows = new Map<string, Flow>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async setLimit(limit: FlowLimit): Promise<{ readonly created: boolean }> {
    const flow = this.#flows.get(limit.namespace) ?? { limits: new Map(), rates: new Map() };
    this.#flows.set(limit.namespace, flow);
    const created = !flow.limits.has(limit.name);
    flow.limits.set(limit.name, limit);
    flow.rates.delete(limit.name);
    return { created };
  }

  async listLimits(namespace: string): Promise<readonly FlowLimit[]> {
    return [...(this.#flows.get(namespace)?.limits.values() ?? [])].sort((a, b) => compareIds(a.name, b.name));
  }

  async deleteLimit(namespace: string, name: string): Promise<boolean> {
    const flow = this.#flows.get(namespace);
    flow?.rates.delete(name);
    return flow?.limits.delete(name) ?? false;
  }

  async areLimited(namespace: string, queues: readonly string[]): Promise<boolean> {
    return (await this.listLimits(namespace)).some((limit) => concernsQueues(limit, queues));
  }

  async nextOpening(namespace: string, queues: readonly string[]): Promise<Duration | null> {
    const now = this.#clock.now();
    const waits = [...(this.#flows.get(namespace)?.limits.values() ?? [])]
      .filter((limit) => concernsQueues(limit, queues))
      .flatMap(({ name, rate }) => (rate ? this.#usesOf(namespace, name).map((use) => ({ rate, use })) : []))
      .map(({ rate, use }) => millisToOpen(rate, use.fullAt, now))
      .filter((millis) => millis > 0);
    return waits.length === 0 ? null : Duration.ofMillis(Math.min(...waits));
  }

  async purgeRates(): Promise<number> {
    let purged = 0;
    for (const { rates } of this.#flows.values()) {
      for (const uses of rates.values()) {
        for (const [flowKey, { fullAt }] of uses) {
          if (fullAt <= this.#clock.now().getTime() && uses.delete(flowKey)) purged += 1;
        }
      }
    }
    return purged;
  }

  /** What a claim must keep within. `running` is only asked for if there are limits. */
  budgetFor(claim: ClaimTasks, running: () => readonly RunningCount[], now: Date): FlowBudget {
    const all = [...(this.#flows.get(claim.namespace)?.limits.values() ?? [])];
    const limits = all.filter((limit) => concernsQueues(limit, claim.queues));
    const rates = limits.flatMap(({ name }) => this.#usesOf(claim.namespace, name));
    return new FlowBudget({ limits, running: limits.length === 0 ? [] : running(), rates }, now);
  }

  /** Keeps what a claim used of rates. */
  keepRates(namespace: string, uses: readonly RateUse[]): void {
    for (const use of uses) {
      const flow = this.#flows.get(namespace);
      const ofLimit = flow?.rates.get(use.limit) ?? new Map<string, RateUse>();
      flow?.rates.set(use.limit, ofLimit.set(use.flowKey, use));
    }
  }

  #usesOf(namespace: string, limit: string): readonly RateUse[] {
    return [...(this.#flows.get(namespace)?.rates.get(limit)?.values() ?? [])];
  }
}
