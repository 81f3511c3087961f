import type { ClusterProcess } from '@orrery/cluster';
import { monotonicMillis } from './journal.ts';

interface Change {
  readonly at: number;
  readonly process: ClusterProcess;
  readonly up: boolean;
}

/** Keeps track of when there was at least one process of each kind, so that what a machine takes to start one is told apart. */
export class Availability {
  readonly #needed: readonly ClusterProcess[];
  readonly #down = new Set<ClusterProcess>();
  readonly #changes: Change[] = [];

  /** All processes are up now; of each kind among `needed` there must be one. */
  constructor(needed: readonly ClusterProcess[]) {
    this.#needed = needed;
  }

  /** Whether a process is ready, as far as `kill` is the only one to end it. */
  isUp(process: ClusterProcess): boolean {
    return !this.#down.has(process);
  }

  /** Kills a process, and notes when it is down and when it is ready again; returns when it was gone. */
  async kill(process: ClusterProcess): Promise<number> {
    const at = monotonicMillis();
    this.#changes.push({ at, process, up: false });
    this.#down.add(process);
    await process.kill();
    const gone = monotonicMillis();
    process.ready().then(
      () => {
        this.#down.delete(process);
        this.#changes.push({ at: monotonicMillis(), process, up: true });
      },
      () => undefined,
    );
    return gone;
  }

  /** Milliseconds between two instants during which at least one process of each kind was up. */
  millisBetween(from: number, to: number): number {
    const down = new Map<ClusterProcess, boolean>();
    let sum = 0;
    let since = -Infinity;
    for (const { at, process, up } of [...this.#changes, { at: Infinity, process: null, up: false }]) {
      const length = Math.min(at, to) - Math.max(since, from);
      if (length > 0 && this.#isComplete(down)) sum += length;
      since = at;
      if (process) down.set(process, !up);
    }
    return sum;
  }

  #isComplete(down: ReadonlyMap<ClusterProcess, boolean>): boolean {
    const kinds = Map.groupBy(this.#needed, ({ kind }) => kind);
    return [...kinds.values()].every((group) => group.some((process) => down.get(process) !== true));
  }
}
