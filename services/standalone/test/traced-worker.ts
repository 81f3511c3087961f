// A worker process for the telemetry spec: fails the first attempt of a task, and creates another task in the second.
import { createClient } from '@orrery/client';
import { createWorker } from '@orrery/worker';
import { jsonLogger } from './json-logger.ts';

const { API = '', SCHEDULER = '', REGISTRY = '' } = process.env;

const client = createClient({ address: API });
const worker = createWorker({ address: SCHEDULER, registry: REGISTRY, id: 'traced', logger: jsonLogger });
worker.handle('order.pay', async (_, { task, logger }) => {
  logger.info({}, 'about to pay');
  if (task.attempt === 1) throw new TypeError('the bank is closed');
  const receipt = await client.tasks.create('order.receipt', {});
  return { receipt: receipt.id };
});
worker.handle('order.receipt', () => 'sent');
await worker.start();
process.stdout.write('working\n');
await worker.run();
await client.close();
