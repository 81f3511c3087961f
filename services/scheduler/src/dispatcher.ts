import { type Clock, DEFAULT_AGEING, type Store, systemClock, type Task } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { Logger } from '@orrery/service';
import { claimKey, type Claimer, type ClaimOptions } from './claimer.ts';
import { ClaimGroup } from './claim-group.ts';
import { ClaimTurns } from './claim-turns.ts';

/** How many lines of claims are remembered; the one used longest ago is forgotten first, and begins anew. */
const MAX_TURNS = 1000;

/** Brings waiting claimers and ready tasks together. */
export class Dispatcher {
  private readonly groups = new Map<string, ClaimGroup>();
  private readonly turns = new Map<string, ClaimTurns>();
  private readonly store: Pick<Store, 'tasks' | 'flow'>;
  private readonly logger: Logger;
  private readonly claimed: () => void;
  private readonly clock: Clock;
  private readonly ageing: Duration;

  constructor(
    store: Pick<Store, 'tasks' | 'flow'>,
    logger: Logger,
    claimed: () => void,
    { clock = systemClock, ageing = DEFAULT_AGEING }: { readonly clock?: Clock; readonly ageing?: Duration } = {},
  ) {
    this.clock = clock;
    this.ageing = ageing;
    this.store = store;
    this.logger = logger;
    this.claimed = claimed;
  }

  /** Lets a claimer wait for tasks; the returned function ends that. */
  add(claimer: Claimer): { takesMore(): void; remove(): void } {
    const key = claimKey(claimer.options);
    const { options } = claimer;
    const group =
      this.groups.get(key) ?? new ClaimGroup(options, this.turnsOf(options), this.store, this.logger, this.claimed);
    this.groups.set(key, group);
    group.add(claimer);
    const remove = (): void => {
      group.remove(claimer);
      if (group.size > 0) return;
      this.groups.delete(key);
      void group.stop();
    };
    return { takesMore: () => group.takesMore(), remove };
  }

  /** Claims for one worker what there is now, without waiting. */
  async claimNow(options: ClaimOptions, count: number): Promise<readonly Task[]> {
    const { tasks } = await this.turnsOf(options).claim(new Array<string>(count).fill(options.workerId));
    return tasks;
  }

  /** Some queues may have new work. */
  wake(queues: readonly { readonly namespace: string; readonly queue: string }[]): void {
    for (const group of this.groups.values()) {
      if (queues.some(({ namespace, queue }) => group.serves(namespace, queue))) group.wake();
    }
  }

  /** Any queue of a namespace may have new work. */
  wakeNamespace(namespace: string): void {
    for (const group of this.groups.values()) if (group.namespace === namespace) group.wake();
  }

  /** Something of a namespace ended, which may have made room under a limit. */
  roomMade(namespace: string): void {
    for (const group of this.groups.values()) if (group.namespace === namespace) group.roomMade();
  }

  private turnsOf(options: ClaimOptions): ClaimTurns {
    const key = claimKey(options);
    const turns = this.turns.get(key) ?? new ClaimTurns(options, this.store.tasks, this.clock, this.ageing);
    this.turns.delete(key);
    this.turns.set(key, turns);
    const [oldest] = this.turns.keys();
    if (this.turns.size > MAX_TURNS && oldest !== undefined) this.turns.delete(oldest);
    return turns;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.groups.values()].map((group) => group.stop()));
  }
}
