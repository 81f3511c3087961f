import {
  afterClaim,
  afterOldClaim,
  type Ageing,
  type Clock,
  NOTHING_CLAIMED,
  oldComeFirst,
  type Task,
  type TaskStore,
} from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { ClaimOptions } from './claimer.ts';

/** Claims that want the same thing, one after the other: each goes on with the next key, and old tasks get their share. */
export class ClaimTurns {
  private afterKey = '';
  private ageing: Ageing = NOTHING_CLAIMED;
  private readonly options: ClaimOptions;
  private readonly tasks: TaskStore;
  private readonly clock: Clock;
  private readonly bound: Duration;

  constructor(options: ClaimOptions, tasks: TaskStore, clock: Clock, bound: Duration) {
    this.options = options;
    this.tasks = tasks;
    this.clock = clock;
    this.bound = bound;
  }

  /** Claims tasks for these workers; `more`: there may be more at once. */
  async claim(workerIds: readonly string[]): Promise<{ readonly tasks: readonly Task[]; readonly more: boolean }> {
    const now = this.clock.now();
    const claim = { ...this.options, slots: workerIds };
    if (oldComeFirst(this.ageing, this.options.strategy, now)) {
      const old = await this.tasks.claimTasks({ ...claim, ...this.next(), strategy: 'FIFO', minAge: this.bound });
      this.ageing = afterOldClaim(old.length > 0, now);
      if (old.length > 0) return { tasks: this.note(old), more: true };
    }
    const tasks = await this.tasks.claimTasks({ ...claim, ...this.next() });
    const more = tasks.length === workerIds.length;
    this.ageing = afterClaim(this.ageing, more);
    return { tasks: this.note(tasks), more };
  }

  private next(): { readonly afterKey: string } {
    return { afterKey: this.afterKey };
  }

  private note(tasks: readonly Task[]): readonly Task[] {
    this.afterKey = tasks.at(-1)?.flowKey ?? this.afterKey;
    return tasks;
  }
}
