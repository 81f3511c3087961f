import { eventId, type OrreryEvent } from '@orrery/core';

/** Events as they arrive, for specs that wait for what they expect. */
export class Arrivals {
  readonly events: OrreryEvent[] = [];
  readonly #checks = new Set<() => void>();

  /** Takes events; a handler. */
  readonly take = async (events: readonly OrreryEvent[]): Promise<void> => {
    this.events.push(...events);
    for (const check of this.#checks) check();
  };

  /** The ids of all, repeated ones too. */
  get ids(): readonly string[] {
    return this.events.map(eventId);
  }

  /** The ids in the order in which each arrived for the first time. */
  firstOrder(): readonly string[] {
    return [...new Set(this.ids)];
  }

  /** Resolves when so many have arrived, repeated ones too. */
  count(count: number): Promise<void> {
    return this.until(() => this.events.length >= count);
  }

  /** Resolves when so many different ones have arrived. */
  distinct(count: number): Promise<void> {
    return this.until(() => new Set(this.ids).size >= count);
  }

  /** Resolves when this one has arrived. */
  find(wanted: OrreryEvent): Promise<void> {
    const id = eventId(wanted);
    return this.until(() => this.events.some((event) => eventId(event) === id));
  }

  /** Resolves when the condition holds; it is looked at with every arrival. */
  until(holds: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (!holds()) return;
      this.#checks.delete(check);
      resolve();
    };
    this.#checks.add(check);
    check();
    return promise;
  }
}
