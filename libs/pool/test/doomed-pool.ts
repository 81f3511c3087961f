import { TaskQueue, WorkerPool } from '../src/index.ts';

// For worker-pool.spec.ts: takes tasks from the storage that it is told of, and never ends them.

const [storage = ''] = process.argv.slice(2);
const queue = new TaskQueue({ storage });
const pool = new WorkerPool({ queue, concurrency: 5, prefetch: 0, leaseDuration: '1s' });
let running = 0;
const full = Promise.withResolvers<void>();
pool.handle('count', () => {
  running += 1;
  if (running === 5) full.resolve();
  return new Promise(() => undefined);
});
await pool.start();
await Promise.all(Array.from({ length: 12 }, (_, i) => queue.enqueue('count', i)));
await full.promise;
console.log('all slots taken');
