import type { Candidate, CandidateList } from './candidate-list.ts';
import { claimOrder, compareIds, type ClaimStrategy } from './claim-order.ts';
import type { FlowBudget } from './flow-budget.ts';

/** How a claim is shared out. */
export interface TurnOptions {
  readonly strategy: ClaimStrategy;
  /** How many tasks are wanted. */
  readonly count: number;
  /** Keys take turns from the one after this. */
  readonly afterKey: string;
}

/**
 * Shares a claim out among keys; returns what it is given. Within one priority (FIFO and LIFO know only one) the keys take turns, one
 * task each, in the order of their names after `afterKey`, beginning anew after the last; tasks without a key are one more
 * participant, whose name is empty. Each key's own tasks come in the order of the strategy. What the budget does not admit is passed
 * over. Yields when a list has run dry: it goes on when every list that has was added to.
 */
export function* takeTurns<C extends Candidate>(
  lists: readonly CandidateList<C>[],
  { strategy, count, afterKey }: TurnOptions,
  budget: FlowBudget,
): Generator<undefined, readonly C[], undefined> {
  const order = claimOrder(strategy);
  const participants = inTurn(lists, afterKey).map((own) => new Participant(own, order, budget));
  const level = (task: C) => (strategy === 'PRIORITY' ? task.priority : 0);
  const chosen: C[] = [];
  while (chosen.length < count) {
    while (participants.some((each) => each.isDry())) yield;
    const levels = participants.flatMap((each) => each.head() ?? []).map(level);
    if (levels.length === 0) break;
    const highest = levels.reduce((most, each) => Math.max(most, each));
    for (const participant of participants) {
      // Looked at again: what was just chosen may have left no room for it.
      while (participant.isDry()) yield;
      const task = participant.head();
      if (!task || level(task) !== highest) continue;
      budget.take(task);
      participant.advance();
      chosen.push(task);
      if (chosen.length === count) break;
    }
  }
  return chosen;
}

/** The lists of each key, the keys in the order of their turns. */
function inTurn<C extends Candidate>(
  lists: readonly CandidateList<C>[],
  afterKey: string,
): readonly (readonly CandidateList<C>[])[] {
  const byKey = Map.groupBy(lists, (list) => list.flowKey);
  const isNext = (key: string) => compareIds(key, afterKey) > 0;
  const turns = [...byKey].sort(([a], [b]) => Number(isNext(b)) - Number(isNext(a)) || compareIds(a, b));
  return turns.map(([, own]) => own);
}

/** The tasks of one key over all its lists. */
class Participant<C extends Candidate> {
  readonly #order: (a: C, b: C) => number;
  readonly #budget: FlowBudget;
  #lists: readonly CandidateList<C>[];

  constructor(lists: readonly CandidateList<C>[], order: (a: C, b: C) => number, budget: FlowBudget) {
    this.#lists = lists;
    this.#order = order;
    this.#budget = budget;
  }

  /** Whether nothing can be said of what comes next before a list is added to. */
  isDry(): boolean {
    for (const list of this.#lists) while (list.head && !this.#budget.admits(list.head)) list.passOver();
    if (this.#lists.some((list) => list.isEnded)) this.#lists = this.#lists.filter((list) => !list.isEnded);
    return this.#lists.some((list) => list.isDry);
  }

  /** The first task. */
  head(): C | undefined {
    return this.#first()?.head;
  }

  /** Goes on after the first task. */
  advance(): void {
    this.#first()?.advance();
  }

  #first(): CandidateList<C> | undefined {
    let first: CandidateList<C> | undefined;
    for (const list of this.#lists)
      if (list.head && (!first?.head || this.#order(list.head, first.head) < 0)) first = list;
    return first;
  }
}
