import { createServer } from 'node:net';

// Below the ports that systems give to outgoing connections: one of these must still be free when its process is restarted.
const FIRST = 20_000;
const COUNT = 10_000;

/** Ports on the loopback interface that nobody listens on at the moment, other than those taken. */
export async function freePorts(count: number, taken: readonly number[] = []): Promise<readonly number[]> {
  const found: number[] = [];
  let candidate = FIRST + Math.floor(Math.random() * COUNT);
  for (let tried = 0; found.length < count; tried += 1) {
    if (tried === COUNT) throw new Error(`no ${count} ports are free from ${FIRST} to ${FIRST + COUNT - 1}`);
    candidate = FIRST + ((candidate + 1 - FIRST) % COUNT);
    if (!taken.includes(candidate) && (await isFree(candidate))) found.push(candidate);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
