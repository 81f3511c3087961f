import { EXPONENTIAL, newTaskId, type NewTask } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { openStore } from './open-store.ts';

// For crash.spec.ts: creates and completes tasks until it is killed, and says what was acknowledged, a line each.

const NAMESPACE = 'crash';
const [url = ''] = process.argv.slice(2);
const { tasks } = await openStore(url);

function newTask(): NewTask {
  const params = { data: new TextEncoder().encode('{"n":1}'), contentType: 'application/json' };
  const spec = {
    namespace: NAMESPACE,
    id: newTaskId(),
    queue: 'default',
    type: 'test.work',
    params,
    priority: 0,
    flowKey: '',
  };
  const nothing = {
    runTimeout: null,
    queueTimeout: null,
    heartbeatTimeout: null,
    labels: {},
    correlationId: '',
    traceparent: '',
    parentTaskId: '',
    dedupKey: '',
    typeVersion: 0,
  };
  return { spec: { ...spec, ...nothing, retryPolicy: EXPONENTIAL }, due: null, idIsCallers: false };
}

async function create(count: number): Promise<void> {
  const news = Array.from({ length: count }, newTask);
  const created = await tasks.createTasks({ namespace: NAMESPACE, tasks: news, request: null });
  for (const { id } of created) process.stdout.write(`created ${id}\n`);
}

async function work(slots: number): Promise<void> {
  const claimed = await tasks.claimTasks({
    namespace: NAMESPACE,
    queues: ['default'],
    types: [],
    strategy: 'FIFO',
    slots: Array.from({ length: slots }, () => 'worker'),
    leaseDuration: Duration.ofSeconds(30),
  });
  const completions = claimed.map(({ id, leaseToken }) => ({
    lease: { taskId: id, token: leaseToken ?? '' },
    result: { data: new Uint8Array([1, 2, 3]), contentType: 'application/octet-stream' },
  }));
  const outcomes = await tasks.completeTasks(NAMESPACE, completions);
  for (const { taskId, status } of outcomes) process.stdout.write(`${status} ${taskId}\n`);
}

for (;;) await Promise.all([create(1), create(7), work(5), create(2), work(4)]);
