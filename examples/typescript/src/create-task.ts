import { createClient } from '@orrery/client';

await using client = createClient({ address: process.env['ORRERY_ADDRESS'] ?? '127.0.0.1:7070' });

const task = await client.tasks.create<{ greeting: string }>('example.greet', { name: process.argv[2] ?? 'Ada' });
console.log(`Created task ${task.id}; it cannot be lost from here on. Waiting for a worker to run it.`);
const { greeting } = await task.result();
console.log(greeting);
