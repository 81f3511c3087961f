import { createWorker } from '@orrery/worker';

const address = process.env['ORRERY_ADDRESS'] ?? '127.0.0.1:7070';
const registry = process.env['ORRERY_REGISTRY_ADDRESS'] ?? address;
const worker = createWorker({ address, registry, concurrency: 5 });

worker.handle('example.greet', (params: { name: string }, { task }) => {
  console.log(`task ${task.id}, attempt ${task.attempt}: greeting ${params.name}`);
  // What is thrown instead fails the attempt; errors that may pass are tried again, later each time.
  return { greeting: `Hello, ${params.name}!` };
});

console.log(`Waiting for tasks from ${address}; Ctrl-C lets those that run end, and stops.`);
await worker.run();
