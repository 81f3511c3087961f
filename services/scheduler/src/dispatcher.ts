import type { TaskStore } from '@orrery/core';
import type { Logger } from '@orrery/service';
import { claimKey, type Claimer } from './claimer.ts';
import { ClaimGroup } from './claim-group.ts';

/** Brings waiting claimers and ready tasks together. */
export class Dispatcher {
  private readonly groups = new Map<string, ClaimGroup>();
  private readonly store: TaskStore;
  private readonly logger: Logger;
  private readonly claimed: () => void;

  constructor(store: TaskStore, logger: Logger, claimed: () => void) {
    this.store = store;
    this.logger = logger;
    this.claimed = claimed;
  }

  /** Lets a claimer wait for tasks; the returned function ends that. */
  add(claimer: Claimer): { wake(): void; remove(): void } {
    const key = claimKey(claimer.options);
    const group = this.groups.get(key) ?? new ClaimGroup(claimer.options, this.store, this.logger, this.claimed);
    this.groups.set(key, group);
    group.add(claimer);
    const remove = (): void => {
      group.remove(claimer);
      if (group.size > 0) return;
      this.groups.delete(key);
      void group.stop();
    };
    return { wake: () => group.wake(), remove };
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

  async stop(): Promise<void> {
    await Promise.all([...this.groups.values()].map((group) => group.stop()));
  }
}
