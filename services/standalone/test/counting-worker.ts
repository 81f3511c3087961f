// A worker process for the crash specs: appends a line for each attempt it starts, so that the test can count them from outside.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWorker } from '@orrery/worker';

const { ADDRESS = '', WORKER_ID = '', LEDGER = '', RUN_MS = '0', CONCURRENCY = '10' } = process.env;

const worker = createWorker({ address: ADDRESS, id: WORKER_ID, concurrency: Number(CONCURRENCY), prefetch: 0 });
let started = 0;
worker.handle('count', async (params, { task, signal }) => {
  appendFileSync(
    LEDGER,
    `${JSON.stringify({ id: task.id, attempt: task.attempt, worker: WORKER_ID, at: Date.now() })}\n`,
  );
  started += 1;
  if (started === Number(CONCURRENCY)) process.stdout.write('full\n');
  await sleep(Number(RUN_MS), undefined, { signal });
  return { done: params };
});
process.stdout.write('started\n');
await worker.run();
