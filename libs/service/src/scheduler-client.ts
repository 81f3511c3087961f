import { dispatchv1, taskFromProto } from '@orrery/contracts';
import { Refusal, type Task, type TaskKey } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { call, type CallSettings, openChannel, OrreryError, systemTimers, traceCalls } from '@orrery/rpc';
import { createClientFactory } from 'nice-grpc';
import { type Hint, HintStream } from './hint-stream.ts';
import type { Logger } from './logger.ts';

const DEADLINE = Duration.ofSeconds(5);

/** Talks to the schedulers over gRPC: hints go to all of them, commands to any. */
export class SchedulerClient {
  private readonly peers: readonly SchedulerPeer[];
  private next = 0;

  constructor(addresses: readonly string[], logger: Logger) {
    this.peers = addresses.map((address) => new SchedulerPeer(address, logger));
  }

  /** Hints at new work, tasks with a time to come, cancellations or changed schedules. Never fails and never waits. */
  wake(hint: Hint): void {
    for (const peer of this.peers) peer.wake(hint);
  }

  /** Sets a FAILED task PENDING again. */
  retryTask({ namespace, id }: TaskKey): Promise<Task> {
    return this.ask(async (client, options) => {
      const { task } = await client.retryTask({ task: { namespace, taskId: id } }, options);
      return readTask(task);
    });
  }

  /** Sets those of up to 1,000 tasks PENDING again that are FAILED; answers their ids. */
  retryTasks(namespace: string, ids: readonly string[]): Promise<readonly string[]> {
    return this.ask(async (client, options) => {
      const { taskIds } = await client.retryTasks({ namespace, taskIds: [...ids] }, options);
      return taskIds;
    });
  }

  /** Sets the time of a PENDING task. */
  rescheduleTask({ namespace, id }: TaskKey, runAt: Date): Promise<Task> {
    return this.ask(async (client, options) => {
      const { task } = await client.rescheduleTask({ task: { namespace, taskId: id }, runTime: runAt }, options);
      return readTask(task);
    });
  }

  /** Takes back what a lost worker holds, but for leases it took or extended after `heldSince`; returns how many. */
  reclaimWorker(worker: { namespace: string; workerId: string; heldSince: Date }): Promise<number> {
    const { namespace, workerId, heldSince } = worker;
    return this.ask(async (client, options) => {
      const request = { namespace, workerId, lastHeartbeatTime: heldSince };
      return (await client.reclaimWorker(request, options)).taskCount;
    });
  }

  /** Closes the connections. */
  close(): void {
    for (const peer of this.peers) peer.close();
  }

  private ask<T>(attempt: Attempt<T>): Promise<T> {
    const peer = this.peers[this.next++ % this.peers.length];
    if (!peer) throw new Refusal('SERVICE_UNAVAILABLE', 'no scheduler is configured', { service: 'scheduler' });
    return peer.ask(attempt);
  }
}

type RawClient = ReturnType<typeof createRawClient>;
type Attempt<T> = (client: RawClient, options: Parameters<RawClient['retryTask']>[1]) => Promise<T>;

class SchedulerPeer {
  private readonly channel;
  private readonly client: RawClient;
  private readonly hints: HintStream;
  private readonly settings: CallSettings;

  constructor(address: string, logger: Logger) {
    this.channel = openChannel({ address });
    this.client = createRawClient(this.channel);
    this.hints = new HintStream(this.client, address, logger);
    this.settings = { deadline: DEADLINE, timers: systemTimers, random: Math.random };
  }

  wake(hint: Hint): void {
    this.hints.send(hint);
  }

  async ask<T>(attempt: Attempt<T>): Promise<T> {
    try {
      return await call((options) => attempt(this.client, options), this.settings);
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error;
      if (error.cause instanceof Refusal) throw error.cause;
      throw new Refusal('SERVICE_UNAVAILABLE', 'the scheduler does not answer, try again', { service: 'scheduler' });
    }
  }

  close(): void {
    this.hints.close();
    this.channel.close();
  }
}

function createRawClient(channel: ReturnType<typeof openChannel>) {
  return createClientFactory().use(traceCalls).create(dispatchv1.SchedulerServiceDefinition, channel);
}

function readTask(task: Parameters<typeof taskFromProto>[0] | undefined): Task {
  if (!task) throw new Refusal('INTERNAL', 'the scheduler answered without a task');
  return taskFromProto(task);
}
