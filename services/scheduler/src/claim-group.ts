import type { Task, TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Loop, startLoop, type Logger } from '@orrery/service';
import type { Claimer, ClaimOptions } from './claimer.ts';
import { shareSlots } from './share-slots.ts';

/** The most tasks that one claim statement takes: beyond this a larger batch gains little (see docs/performance.md). */
const MAX_CLAIM = 500;

/** How often to look without being woken: wake-ups are hints and may be lost. */
const POLL_INTERVAL = Duration.ofSeconds(1);

/**
 * All claimers that want the same thing, served by one claim at a time. However many workers wait, an idle queue costs one look per
 * second and a wake-up costs one claim.
 */
export class ClaimGroup {
  private readonly claimers: Claimer[] = [];
  private readonly loop: Loop;
  private turn = 0;
  private readonly options: ClaimOptions;
  private readonly store: TaskStore;
  private readonly logger: Logger;
  private readonly claimed: () => void;

  constructor(options: ClaimOptions, store: TaskStore, logger: Logger, claimed: () => void) {
    this.options = options;
    this.store = store;
    this.logger = logger;
    this.claimed = claimed;
    this.loop = startLoop({ name: 'claim', interval: POLL_INTERVAL, runOnce: () => this.claim(), logger });
  }

  get size(): number {
    return this.claimers.length;
  }

  get namespace(): string {
    return this.options.namespace;
  }

  add(claimer: Claimer): void {
    this.claimers.push(claimer);
    this.wake();
  }

  remove(claimer: Claimer): void {
    const at = this.claimers.indexOf(claimer);
    if (at >= 0) this.claimers.splice(at, 1);
  }

  serves(namespace: string, queue: string): boolean {
    return this.options.namespace === namespace && this.options.queues.includes(queue);
  }

  /** Looks for work now: there may be some, or somebody can take more. */
  wake(): void {
    this.loop.wake();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  private async claim(): Promise<'again' | 'idle'> {
    const slots = shareSlots(this.claimers, MAX_CLAIM, this.turn++);
    if (slots.length === 0) return 'idle';
    const tasks = await this.store.claimTasks({
      ...this.options,
      slots: slots.map((claimer) => claimer.options.workerId),
    });
    if (tasks.length > 0) this.claimed();
    await this.handOver(slots, tasks);
    return tasks.length === slots.length ? 'again' : 'idle';
  }

  private async handOver(slots: readonly Claimer[], tasks: readonly Task[]): Promise<void> {
    const shares = new Map<Claimer, Task[]>();
    tasks.forEach((task, i) => {
      const claimer = slots[i];
      if (!claimer) return;
      const share = shares.get(claimer);
      if (share) share.push(task);
      else shares.set(claimer, [task]);
    });
    const orphans = [...shares].filter(([claimer, share]) => !claimer.deliver(share)).flatMap(([, share]) => share);
    if (orphans.length > 0) await this.handBack(orphans);
  }

  /** The claimer went away while its tasks were being claimed: they must not wait for the lease to run out. */
  private async handBack(tasks: readonly Task[]): Promise<void> {
    const leases = tasks.map((task) => ({ taskId: task.id, token: task.leaseToken ?? '' }));
    await this.store.releaseTasks(this.options.namespace, leases);
    this.logger.debug('handed tasks back: their claimer is gone', { count: tasks.length });
  }
}
