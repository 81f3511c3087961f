import { dispatchv1, taskv1 } from '@orrery/contracts';
import { EXPONENTIAL, newTaskId, type Store, type OrreryEvent, type TaskSpec } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLogger, serve, type ServerLimits } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { FakeClock } from '@orrery/testing';
import { type Channel, createChannel, createClient } from 'nice-grpc';
import { createSchedulerService } from '../src/index.ts';

/** A scheduler on a real socket, over a store in memory whose clock the test moves. */
export async function startScheduler(limits: ServerLimits = {}) {
  const clock = new FakeClock();
  const store = openMemoryStore({ clock });
  const logger = createLogger({ level: 'error', format: 'json' });
  const events: OrreryEvent[] = [];
  const scheduler = createSchedulerService({
    store,
    logger,
    clock,
    random: () => 0.5,
    maxPayloadBytes: 1024 * 1024,
    publish: async (published) => void events.push(...published),
  });
  const server = await serve({
    modules: [scheduler],
    host: '127.0.0.1',
    port: 0,
    logger,
    limits,
    shutdownGrace: Duration.ofSeconds(2),
  });
  const channel: Channel = createChannel(`127.0.0.1:${server.port}`);
  const dispatch = createClient(dispatchv1.DispatchServiceDefinition, channel);
  const control = createClient(dispatchv1.SchedulerServiceDefinition, channel);
  return {
    clock,
    store,
    events,
    scheduler,
    address: `127.0.0.1:${server.port}`,
    dispatch,
    control,
    /** Gives the scheduler a hint, and waits until it was taken. */
    wake: (hint: Partial<dispatchv1.WakeRequest>) => control.wake(once({ ...NO_HINT, ...hint })),
    stopServer: () => server.stop(),
    async stop() {
      channel.close();
      await server.stop();
      await store.close();
    },
  };
}

const NO_HINT: dispatchv1.WakeRequest = { queues: [], cancels: [], scheduled: false, schedules: false };

async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
}

type TaskTimeouts = Pick<TaskSpec, 'runTimeout' | 'queueTimeout' | 'heartbeatTimeout' | 'retention'>;

/** Stores tasks and returns their ids. */
export async function addTasks(
  store: Store,
  count: number,
  options: Partial<Pick<TaskSpec, 'type' | 'priority' | 'flowKey' | 'retryPolicy'> & TaskTimeouts> & {
    params?: Uint8Array;
  } = {},
): Promise<string[]> {
  const specs = Array.from({ length: count }, () => ({
    namespace: 'default',
    id: newTaskId(),
    queue: 'default',
    type: options.type ?? 'test.work',
    params: { data: options.params ?? Buffer.from('{}'), contentType: 'application/json' },
    priority: options.priority ?? 0,
    flowKey: options.flowKey ?? '',
    retryPolicy: options.retryPolicy ?? EXPONENTIAL,
    runTimeout: options.runTimeout ?? null,
    queueTimeout: options.queueTimeout ?? null,
    heartbeatTimeout: options.heartbeatTimeout ?? null,
    ...(options.retention && { retention: options.retention }),
    labels: {},
    correlationId: 'c',
    traceparent: '',
    parentTaskId: '',
    dedupKey: '',
    typeVersion: 0,
  }));
  const tasks = specs.map((spec) => ({ spec, due: null, idIsCallers: false }));
  const created = await store.tasks.createTasks({ namespace: 'default', tasks, request: null });
  return created.map(({ id }) => id);
}

/** What to claim, with everything but the worker's id left at its default. */
export function claimOptions(workerId: string): dispatchv1.ClaimOptions {
  return { ...dispatchv1.ClaimOptions.decode(new Uint8Array()), workerId };
}

/** The worker's end of a Work stream: what it sends, and what it has received so far. */
export class TestWorker {
  private readonly outgoing: dispatchv1.WorkRequest[] = [];
  private wake: () => void = () => {};
  private ended = false;
  readonly received: AsyncIterator<dispatchv1.WorkResponse>;

  constructor(dispatch: {
    work(requests: AsyncIterable<dispatchv1.WorkRequest>): AsyncIterable<dispatchv1.WorkResponse>;
  }) {
    this.received = dispatch.work(this.requests())[Symbol.asyncIterator]();
  }

  send(message: NonNullable<dispatchv1.WorkRequest['message']>): void {
    this.outgoing.push({ message });
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  hello(workerId: string): void {
    this.send({ $case: 'hello', value: { options: claimOptions(workerId) } });
  }

  credits(add: number): void {
    this.send({ $case: 'credits', value: { add } });
  }

  /** The next message of a kind; others before it are dropped. */
  async next<K extends NonNullable<dispatchv1.WorkResponse['message']>['$case']>(
    kind: K,
  ): Promise<Extract<NonNullable<dispatchv1.WorkResponse['message']>, { $case: K }>['value']> {
    for (;;) {
      const { value, done } = await this.received.next();
      if (done) throw new Error(`the stream ended before a message "${kind}"`);
      const { message } = value;
      if (message?.$case === kind) return message.value as never;
    }
  }

  private async *requests(): AsyncGenerator<dispatchv1.WorkRequest> {
    for (;;) {
      const next = this.outgoing.shift();
      if (next) yield next;
      else if (this.ended) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

/** Names a lease on the wire. */
export function refOf(lease: dispatchv1.Lease): dispatchv1.LeaseRef {
  return { taskId: lease.taskId, leaseToken: lease.leaseToken };
}

/** A status by its name. */
export const Status = taskv1.TaskStatus;
