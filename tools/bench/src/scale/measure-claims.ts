import { EXPONENTIAL, newTaskId, type Store, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { monotonicMs } from '../monotonic.ts';
import { percentile } from '../statistics.ts';

const NAMESPACE = 'default';
const QUEUE = 'measured';
const BATCH = 10;
const WARM_UP = 50;

/** What claims took, in milliseconds. */
export interface ClaimTimes {
  readonly p50: number;
  readonly p99: number;
}

/** Measures claims of ten tasks each, one after the other, from a queue that holds just those; each is completed before the next. */
export async function measureClaims({ tasks }: Store, claims: number): Promise<ClaimTimes> {
  const took: number[] = [];
  for (let i = 0; i < WARM_UP + claims; i++) {
    await tasks.createTasks({ namespace: NAMESPACE, tasks: Array.from({ length: BATCH }, newTask), request: null });
    const startedAt = monotonicMs();
    const claimed = await claimFrom(tasks, QUEUE, BATCH);
    if (i >= WARM_UP) took.push(monotonicMs() - startedAt);
    await complete(tasks, claimed);
  }
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
}

/** Claims up to so many tasks of a queue, by priority. */
export function claimFrom(tasks: Store['tasks'], queue: string, count: number): Promise<readonly Task[]> {
  return tasks.claimTasks({
    namespace: NAMESPACE,
    queues: [queue],
    types: [],
    strategy: 'PRIORITY',
    slots: new Array<string>(count).fill('measurer'),
    leaseDuration: Duration.ofSeconds(60),
  });
}

/** Ends tasks as succeeded. Throws unless all are accepted. */
export async function complete(tasks: Store['tasks'], claimed: readonly Task[]): Promise<void> {
  const completions = claimed.map(({ id, leaseToken }) => ({
    lease: { taskId: id, token: leaseToken ?? '' },
    result: null,
  }));
  const outcomes = await tasks.completeTasks(NAMESPACE, completions);
  if (outcomes.some(({ refusal }) => refusal !== null)) throw new Error('a completion was refused');
}

/** A small task as the measured ones are. */
export function newTask(queue: unknown = QUEUE) {
  const spec = {
    namespace: NAMESPACE,
    id: newTaskId(),
    queue: typeof queue === 'string' ? queue : QUEUE,
    type: 'bench.job',
    params: {
      data: Buffer.from('{"text":"a hundred bytes or so, as the other workloads have"}'),
      contentType: 'application/json',
    },
    priority: 0,
    retryPolicy: EXPONENTIAL,
    runTimeout: null,
    queueTimeout: null,
    heartbeatTimeout: null,
    labels: {},
    correlationId: '',
    traceparent: '',
    parentTaskId: '',
    flowKey: '',
    dedupKey: '',
    typeVersion: 0,
  };
  return { spec, due: null, idIsCallers: false };
}
