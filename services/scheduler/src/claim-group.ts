import type { FlowStore, Store, Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Loop, startLoop, type Logger } from '@orrery/service';
import type { ClaimTurns } from './claim-turns.ts';
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
  /** Whether there may be work that no claim has looked for: none is made for credits alone while there is not. */
  private mayHaveWork = true;
  /** Whether limits may be what held the last claim back. */
  private isHeld = false;
  private opening: NodeJS.Timeout | undefined;
  private readonly options: ClaimOptions;
  private readonly turns: ClaimTurns;
  private readonly store: Pick<Store, 'tasks' | 'flow'>;
  private readonly logger: Logger;
  private readonly claimed: () => void;

  constructor(
    options: ClaimOptions,
    turns: ClaimTurns,
    store: Pick<Store, 'tasks' | 'flow'>,
    logger: Logger,
    claimed: () => void,
  ) {
    this.options = options;
    this.turns = turns;
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

  /** Looks for work now: there may be some. */
  wake(): void {
    this.mayHaveWork = true;
    this.loop.wake();
  }

  /** A claimer can take more; it is looked for if the last claim left any. */
  takesMore(): void {
    if (this.mayHaveWork) this.loop.wake();
  }

  /** Something ended, which may have made room under a limit. */
  roomMade(): void {
    if (this.isHeld) this.wake();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    clearTimeout(this.opening);
  }

  private async claim(): Promise<'again' | 'idle'> {
    const slots = shareSlots(this.claimers, MAX_CLAIM, this.turn++);
    if (slots.length === 0) return 'idle';
    const { tasks, more } = await this.claimFor(slots);
    if (tasks.length > 0) this.claimed();
    await this.handOver(slots, tasks);
    if (more) return 'again';
    await this.lookForLimits(this.store.flow);
    return 'idle';
  }

  private async claimFor(
    slots: readonly Claimer[],
  ): Promise<{ readonly tasks: readonly Task[]; readonly more: boolean }> {
    this.mayHaveWork = false;
    try {
      const claimed = await this.turns.claim(slots.map((claimer) => claimer.options.workerId));
      this.mayHaveWork ||= claimed.more;
      return claimed;
    } catch (error) {
      this.mayHaveWork = true;
      throw error;
    }
  }

  /** Where limits hold something back, the next claim is made when there may be room rather than at the next look. */
  private async lookForLimits(flow: FlowStore): Promise<void> {
    const { namespace, queues } = this.options;
    this.isHeld = await flow.areLimited(namespace, queues);
    clearTimeout(this.opening);
    const opening = this.isHeld ? await flow.nextOpening(namespace, queues) : null;
    if (opening && opening.compareTo(POLL_INTERVAL) < 0)
      this.opening = setTimeout(() => this.wake(), opening.toMillis());
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
    await this.store.tasks.releaseTasks(this.options.namespace, leases);
    this.logger.debug('handed tasks back: their claimer is gone', { count: tasks.length });
    this.wake();
  }
}
