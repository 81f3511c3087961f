import { join } from 'node:path';
import { freePort, startProcess } from '@orrery/testing';
import type { ServerUnderTest } from './bad-input-suite.ts';
import type { Books } from './books.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** Starts a server with these variables; its books are opened once it is there, and `cleanUp` is called when it has gone. */
export async function startServer(
  env: Readonly<Record<string, string>>,
  openBooks: () => Promise<Books>,
  cleanUp: () => Promise<void>,
): Promise<ServerUnderTest> {
  const port = await freePort();
  const server = startProcess(MAIN, { ...env, ORRERY_PORT: String(port), ORRERY_LOG_LEVEL: 'error' });
  let errors = '';
  server.child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await server.line(/Orrery is ready/);
  const books = await openBooks();
  return {
    address: `127.0.0.1:${port}`,
    books,
    errors: () => {
      const said = errors;
      errors = '';
      return said;
    },
    isAlive: () => server.child.exitCode === null && server.child.signalCode === null,
    stop: async () => {
      await books.close();
      await server.end();
      await cleanUp();
    },
  };
}
