import {
  CandidateList,
  compareIds,
  FlowBudget,
  millisToOpen,
  takeTurns,
  type ClaimTasks,
  type FlowLimit,
  type RateUse,
  type Task,
} from '@orrery/core';

/** The limits of one namespace, in the plainest way there is. */
export class ModelFlow {
  readonly limits = new Map<string, FlowLimit>();
  #rates: readonly RateUse[] = [];

  /** Sets a limit; returns whether it is new. */
  set(limit: FlowLimit): { readonly created: boolean } {
    const created = !this.limits.has(limit.name);
    this.delete(limit.name);
    this.limits.set(limit.name, limit);
    return { created };
  }

  /** Deletes a limit; returns whether there was one. */
  delete(name: string): boolean {
    this.#rates = this.#rates.filter(({ limit }) => limit !== name);
    return this.limits.delete(name);
  }

  /** The limits by name. */
  list(): readonly FlowLimit[] {
    return [...this.limits.values()].sort((a, b) => compareIds(a.name, b.name));
  }

  /** How many ms until a rate lets something begin in these queues; null: no rate holds anything back. */
  nextOpening(queues: readonly string[], now: Date): number | null {
    const waits = this.#rates.flatMap(({ limit: name, fullAt }) => {
      const limit = this.limits.get(name);
      const concerns = limit?.queue === '' || queues.includes(limit?.queue ?? '');
      return concerns && limit?.rate ? [millisToOpen(limit.rate, fullAt, now)] : [];
    });
    const ahead = waits.filter((millis) => millis > 0);
    return ahead.length === 0 ? null : Math.min(...ahead);
  }

  /** What a claim must keep within, given all tasks. */
  budget({ queues }: ClaimTasks, tasks: readonly Task[], now: Date): FlowBudget {
    const limits = this.list().filter(({ queue }) => queue === '' || queues.includes(queue));
    const running = tasks.filter(({ status }) => status === 'RUNNING').map((task) => ({ ...task, count: 1 }));
    return new FlowBudget({ limits, running, rates: this.#rates }, now);
  }

  /** What a claim is given of tasks in their order. */
  share(ready: readonly Task[], claim: ClaimTasks, budget: FlowBudget): readonly Task[] {
    const lists = [...Map.groupBy(ready, ({ flowKey }) => flowKey)].map(([flowKey, tasks]) => {
      const list = new CandidateList<Task>(flowKey, { alike: false });
      list.add(tasks, { hasMore: false });
      return list;
    });
    const { strategy, slots, afterKey = '' } = claim;
    const { value = [] } = takeTurns(lists, { strategy, count: slots.length, afterKey }, budget).next();
    const used = budget.rateUses();
    const isUsed = (old: RateUse) => used.some((use) => use.limit === old.limit && use.flowKey === old.flowKey);
    this.#rates = [...this.#rates.filter((old) => !isUsed(old)), ...used];
    return value;
  }
}
