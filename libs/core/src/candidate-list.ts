import type { FlowPlace } from './flow-limit.ts';
import type { Task } from './task.ts';

/** What is looked at of a task that may be claimed. */
export type Candidate = Pick<Task, 'id' | 'priority' | 'createdAt'> & FlowPlace;

/** Tasks of one key that may be claimed, in the order of the strategy: the first of them, with more added as they are needed. */
export class CandidateList<C extends Candidate> {
  readonly flowKey: string;
  readonly #alike: boolean;
  readonly #ids = new Set<string>();
  readonly #tasks: C[] = [];
  #at = 0;
  #hasMore = true;

  /** `alike`: all have the same queue and type, so that what holds for one of them holds for all. */
  constructor(flowKey: string, { alike }: { readonly alike: boolean }) {
    this.flowKey = flowKey;
    this.#alike = alike;
  }

  /** How many tasks were added. */
  get size(): number {
    return this.#tasks.length;
  }

  /** The task that comes next, as far as is known. */
  get head(): C | undefined {
    return this.#tasks[this.#at];
  }

  /** Whether what comes next is yet to be added. */
  get isDry(): boolean {
    return this.#hasMore && this.head === undefined;
  }

  /** Whether it is dry, or soon will be. */
  get isLow(): boolean {
    return this.#hasMore && this.#tasks.length - this.#at <= 1;
  }

  /** Whether there is nothing left, and nothing to come. */
  get isEnded(): boolean {
    return !this.#hasMore && this.head === undefined;
  }

  /** Adds the tasks that come next; those that are there already are left out. */
  add(tasks: Iterable<C>, { hasMore }: { readonly hasMore: boolean }): void {
    this.#hasMore = hasMore;
    for (const task of tasks) {
      if (this.#ids.has(task.id)) continue;
      this.#ids.add(task.id);
      this.#tasks.push(task);
    }
  }

  /** Goes on after the head. */
  advance(): void {
    this.#at += 1;
  }

  /** Goes on after the head, for which there is no room, and so for none like it. */
  passOver(): void {
    this.#at = this.#alike ? this.#tasks.length : this.#at + 1;
    if (this.#alike) this.#hasMore = false;
  }
}
