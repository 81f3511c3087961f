import type { Config } from './config.ts';

/** What to tell a person who has just started Orrery. */
export function welcome(config: Config, port: number): string {
  const address = `${config.ORRERY_HOST}:${port}`;
  const database = config.databaseUrl.replace(/\/\/[^@/]*@/, '//***@');
  const elsewhere = address === '127.0.0.1:7070' ? '' : `  export ORRERY_ADDRESS=${address}\n`;
  return `
Orrery is ready.

  gRPC      ${address}   (reflection is on: grpcurl -plaintext ${address} list)
  data      ${database}

Next, in another terminal:
${elsewhere}  npm run worker -w examples/typescript            a worker in 15 lines
  npm run create-task -w examples/typescript       a client in 10
  npm run demo -- FOLDER                           its files become tasks, on a server of their own

Ctrl-C stops it; nothing that was acknowledged is lost.

`;
}
