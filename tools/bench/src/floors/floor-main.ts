import { serveRemote } from '../remote.ts';
import type { Rates } from './floors.ts';

/** What the process that measures floors offers; `scale` is the share of the full number of jobs. */
export type FloorMethods = typeof methods;

const methods = {
  'floor-postgres': async (url: string, scale: number): Promise<Rates> =>
    (await import('./measure-postgres.ts')).measurePostgres(url, scale),
  'floor-sqlite': async (directory: string, scale: number): Promise<Rates> =>
    (await import('./measure-sqlite.ts')).measureSqlite(directory, scale),
  'floor-grpc': async (_: string, scale: number): Promise<Rates> =>
    (await import('./measure-grpc.ts')).measureGrpc(scale),
  'floor-jetstream': async (url: string, scale: number): Promise<Rates> =>
    (await import('./measure-nats.ts')).measureNats(url, scale),
};

serveRemote(methods);
