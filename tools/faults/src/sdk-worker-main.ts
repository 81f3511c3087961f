// A worker process on the SDK for the load, which notes down what it starts and what is refused.
import { createWorker, type Logger } from '@orrery/worker';
import { openJournal } from './journal.ts';
import { doWork, type Work } from './work.ts';

const { ORRERY_ADDRESS = '', ORRERY_REGISTRY_ADDRESS = '', WORKER_ID = '' } = process.env;
const { FAULTS_JOURNAL = '', FAULTS_LEASE = '30s', FAULTS_QUEUE = 'default' } = process.env;

const note = openJournal(FAULTS_JOURNAL, WORKER_ID);
const write = (level: string) => (fields: object, message?: string) => {
  const { task_id: id, reason } = fields as { task_id?: unknown; reason?: unknown };
  if (typeof id === 'string' && typeof reason === 'string') note({ what: 'refused', id, token: '', reason });
  const time = new Date().toISOString();
  process.stderr.write(`${JSON.stringify({ level, time, message, ...fields }, writable)}\n`);
};
const logger: Logger = { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') };

const worker = createWorker({
  address: ORRERY_ADDRESS.split(','),
  registry: ORRERY_REGISTRY_ADDRESS.split(','),
  id: WORKER_ID,
  queues: [FAULTS_QUEUE],
  leaseDuration: FAULTS_LEASE,
  logger,
});

worker.handle('work', async (params: Work, { task, signal }) => {
  const attempt = { id: task.id, token: `attempt ${task.attempt}`, attempt: task.attempt };
  note({ what: 'started', ...attempt });
  try {
    return await doWork(params, task.attempt, signal);
  } finally {
    note({ what: 'returned', ...attempt });
  }
});

await worker.start();
write('info')({}, 'connected');
await worker.run();

function writable(_key: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message } : value;
}
