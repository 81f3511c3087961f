import type { Config } from './config.ts';

/** What to tell a person who has just started Orrery. */
export function welcome(config: Config, port: number): string {
  const address = `${config.ORRERY_HOST}:${port}`;
  const database = config.databaseUrl.replace(/\/\/[^@/]*@/, '//***@');
  return `
Orrery is ready.

  gRPC      ${address}   (reflection is on: grpcurl -plaintext ${address} list)
  data      ${database}

Next, in another terminal:
  npm run demo                                     a folder of files becomes tasks, workers run them
  node examples/typescript/src/worker.ts           a worker in 15 lines
  node examples/typescript/src/create-task.ts      a client in 10

Ctrl-C stops it; nothing that was acknowledged is lost.

`;
}
