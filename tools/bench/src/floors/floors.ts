import type { FloorMethods } from './floor-main.ts';
import { startNats, startPostgres } from '../servers/start-storage.ts';
import { dataDirectory } from '../servers/data-directory.ts';

/** What a floor can do, per second: the label of a part, and its rate. */
export type Rates = Readonly<Record<string, number>>;

/** What the machine can do at all with nothing around it. */
export interface Floor {
  readonly id: keyof FloorMethods;
  readonly title: string;
  /** Starts what it needs, which ends with the stack; where that is. */
  readonly start: (ground: AsyncDisposableStack) => Promise<string>;
}

/** Every floor. */
export const FLOORS: readonly Floor[] = [
  { id: 'floor-postgres', title: 'PostgreSQL, a bare table', start: startPostgres },
  { id: 'floor-sqlite', title: 'SQLite, a bare table', start: async (ground) => dataDirectory(ground, 'floor') },
  { id: 'floor-grpc', title: 'grpc-js echo', start: async () => '' },
  { id: 'floor-jetstream', title: 'NATS', start: startNats },
];

/** The part of a floor that a whole lifecycle in batches of so many is. */
export function lifecycleOf(batch: number): string {
  return `lifecycle of ${batch}`;
}
