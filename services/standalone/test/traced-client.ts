// A client process for the telemetry spec: creates a task, waits for it, and is done.
import { createClient } from '@orrery/client';

const client = createClient({ address: process.env['API'] ?? '' });
const handle = await client.tasks.create(
  'order.pay',
  { order: 77 },
  {
    correlationId: 'order-77',
    delay: '200ms',
    retry: { maxAttempts: 3, initialDelay: '100ms', predicate: { on: 'ANY_ERROR' } },
  },
);
await client.tasks.create('order.later', {}, { queue: 'later', delay: '1h' });
process.stdout.write(`created ${handle.id}\n`);
await handle.result({ timeout: '20s' });
process.stdout.write('done\n');
await client.close();
