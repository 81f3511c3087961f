import { dispatchv1, durationToProto, taskv1, workerv1 } from '@orrery/contracts';
import { Refusal } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { Inbox, refuseCall } from '@orrery/rpc/testing';
import { createServer, ServerError, Status } from 'nice-grpc';
import { TestStream } from './test-stream.ts';

/** A call that the registry got. */
export interface RegistryCall {
  readonly method: 'register' | 'heartbeat' | 'deregister';
  readonly progress?: workerv1.WorkerProgress | undefined;
}

/** A scheduler and a registry that do what a spec tells them to, over a real socket. */
export interface TestScheduler {
  readonly address: string;
  readonly streams: Inbox<TestStream>;
  readonly calls: Inbox<RegistryCall>;
  /** What was released by unary calls. */
  readonly released: Inbox<dispatchv1.LeaseRef>;
  readonly answers: { shouldDrain: boolean; forget: boolean; refuse: Refusal | null };
  close(): Promise<void>;
}

export async function startTestScheduler(): Promise<TestScheduler> {
  const streams = new Inbox<TestStream>();
  const calls = new Inbox<RegistryCall>();
  const released = new Inbox<dispatchv1.LeaseRef>();
  const answers: TestScheduler['answers'] = { shouldDrain: false, forget: false, refuse: null };
  const server = createServer();
  server.add(dispatchv1.DispatchServiceDefinition, {
    async *work(requests, context) {
      if (answers.refuse) throw refuseCall(context, answers.refuse);
      const iterator = requests[Symbol.asyncIterator]();
      const first = await iterator.next();
      if (first.done || first.value.message?.$case !== 'hello')
        throw new ServerError(Status.FAILED_PRECONDITION, 'no hello');
      const stream = new TestStream(first.value.message.value);
      void stream.read(iterator);
      stream.send({ $case: 'welcome', value: welcomeOf(stream.hello) });
      streams.put(stream);
      yield* stream.write();
    },
    async releaseTasks({ leases }) {
      for (const lease of leases) released.put(lease);
      const status = taskv1.TaskStatus.PENDING;
      return { results: leases.map(({ taskId }) => ({ taskId, status, error: undefined })) };
    },
    claimTasks: notUsed,
    completeTasks: notUsed,
    failTasks: notUsed,
    extendLeases: notUsed,
    reportProgress: notUsed,
  });
  server.add(workerv1.WorkerServiceDefinition, {
    async registerWorker({ worker }) {
      answers.forget = false;
      calls.put({ method: 'register' });
      return { worker, heartbeatInterval: durationToProto(Duration.ofSeconds(30)) };
    },
    async heartbeatWorker({ progress }, context) {
      calls.put({ method: 'heartbeat', progress });
      if (answers.forget) throw refuseCall(context, new Refusal('WORKER_NOT_FOUND', 'no such worker'));
      return { shouldDrain: answers.shouldDrain };
    },
    async deregisterWorker() {
      calls.put({ method: 'deregister' });
      return {};
    },
    drainWorker: notUsed,
    getWorker: notUsed,
    listWorkers: notUsed,
  });
  const port = await server.listen('127.0.0.1:0');
  const close = async () => server.forceShutdown();
  return { address: `127.0.0.1:${port}`, streams, calls, released, answers, close };
}

function welcomeOf(hello: dispatchv1.WorkHello): dispatchv1.WorkWelcome {
  return {
    leaseDuration: hello.options?.leaseDuration,
    extendInterval: durationToProto(Duration.ofSeconds(10)),
    maxPayloadBytes: 1_000n,
  };
}

async function notUsed(): Promise<never> {
  throw new ServerError(Status.UNIMPLEMENTED, 'not part of this spec');
}
