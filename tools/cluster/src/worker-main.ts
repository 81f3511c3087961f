import { setTimeout as pause } from 'node:timers/promises';
import { TaskError } from '@orrery/task-error';
import { createWorker } from '@orrery/worker';

const { ORRERY_ADDRESS = '', ORRERY_REGISTRY_ADDRESS = '', WORKER_ID = '' } = process.env;

const worker = createWorker({
  address: ORRERY_ADDRESS.split(','),
  registry: ORRERY_REGISTRY_ADDRESS.split(','),
  id: WORKER_ID,
});

worker.handle('echo', (params) => params);

worker.handle('sleep', async (params: { ms?: number } | null, { signal }) => {
  const ms = params?.ms ?? 1_000;
  await pause(ms, undefined, { signal });
  return { sleptMs: ms };
});

worker.handle('fail', (params: { message?: string } | null) => {
  throw new Error(params?.message ?? 'asked to fail');
});

worker.handle('fail-once', (params, { task }) => {
  if (task.attempt === 1) throw new TaskError({ errorType: 'network', message: 'the first attempt fails, as asked' });
  return { params, attempt: task.attempt };
});

await worker.start();
process.stderr.write(`${JSON.stringify({ level: 'info', time: new Date().toISOString(), message: 'connected' })}\n`);
await worker.run();
