import { Duration } from '@orrery/duration';
import type { HandlerOptions, TaskHandler } from './handler.ts';

/** A handler and how it is called. */
export interface Registered {
  readonly handler: TaskHandler;
  readonly raw: boolean;
  readonly runTimeout: Duration | null;
}

const EVERY_TYPE = '*';
const BELOW = '.*';

/** Which handler runs which type of task. */
export class Handlers {
  readonly #byType = new Map<string, Registered>();

  /** Adds a handler for a type, for all types below a name ("a.b.*"), or for all ("*"); throws if there is one already. */
  add(type: string, handler: TaskHandler, { raw = false, runTimeout }: HandlerOptions = {}): void {
    if (type === '') throw new RangeError('a handler needs the type of the tasks that it runs');
    if (this.#byType.has(type)) throw new RangeError(`there is a handler for "${type}" already`);
    const limit = runTimeout === undefined ? null : Duration.from(runTimeout);
    this.#byType.set(type, { handler, raw, runTimeout: limit });
  }

  /** The handler for a type: its own, else the one of the longest name above it, else the one for all. */
  find(type: string): Registered | undefined {
    const own = this.#byType.get(type);
    if (own) return own;
    for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1)) {
      const above = this.#byType.get(type.slice(0, dot) + BELOW);
      if (above) return above;
    }
    return this.#byType.get(EVERY_TYPE);
  }

  /** What to claim; empty: every type. */
  get types(): readonly string[] {
    return this.#byType.has(EVERY_TYPE) ? [] : [...this.#byType.keys()];
  }

  get isEmpty(): boolean {
    return this.#byType.size === 0;
  }
}
