import { openStorage, WorkerPool } from '../src/index.ts';

// For worker-pool.spec.ts: makes a pool the old way, and says what Node was warned of and what the pool did.

process.on('warning', ({ name, message }) => console.log(`${name}: ${message}`));
const storage = await openStorage('memory:');
// eslint-disable-next-line @typescript-eslint/no-deprecated -- it is what the spec is of
const pool = new WorkerPool({ storage, concurrency: 4 }).handle('x', () => 1);
await pool.start();
const task = await pool.queue.enqueue<number>('x');
console.log(`result ${await task.result()}`);
await pool.stop();
// Whoever opened the storage closes it.
await storage.ping();
await storage.close();
