import { type Context, context, ROOT_CONTEXT } from '@opentelemetry/api';
import { dispatchv1, taskFromProto } from '@orrery/contracts';
import { Refusal, type Task, type TaskKey } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { call, type CallSettings, openChannel, OrreryError, systemTimers, traceCalls } from '@orrery/rpc';
import { createClientFactory } from 'nice-grpc';
import type { Logger } from './logger.ts';

const DEADLINE = Duration.ofSeconds(5);

/** How long hints are gathered while one is on its way. */
const MAX_PENDING_CANCELS = 1000;

interface Queue {
  readonly namespace: string;
  readonly queue: string;
}

interface Hint {
  readonly queues?: readonly Queue[];
  readonly scheduled?: boolean;
  readonly cancels?: readonly TaskKey[];
  readonly schedules?: boolean;
}

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
type Attempt<T> = (client: RawClient, options: Parameters<RawClient['wake']>[1]) => Promise<T>;

class SchedulerPeer {
  private readonly address: string;
  private readonly channel;
  private readonly client: RawClient;
  private readonly settings: CallSettings;
  private readonly logger: Logger;
  private queues = new Map<string, Queue>();
  private cancels: TaskKey[] = [];
  private scheduled = false;
  private schedules = false;
  private waking = false;
  /** The trace in which a hint is sent: that of the first who gave it. */
  private because: Context = ROOT_CONTEXT;

  constructor(address: string, logger: Logger) {
    this.address = address;
    this.channel = openChannel({ address });
    this.client = createRawClient(this.channel);
    this.settings = { deadline: DEADLINE, timers: systemTimers, random: Math.random };
    this.logger = logger;
  }

  /** Hints that come while one is under way share the next: a busy task-api sends one call at a time, not one per task. */
  wake(hint: Hint): void {
    if (!this.hasHints) this.because = context.active();
    for (const queue of hint.queues ?? []) this.queues.set(`${queue.namespace}\n${queue.queue}`, queue);
    if (this.cancels.length < MAX_PENDING_CANCELS) this.cancels.push(...(hint.cancels ?? []));
    this.scheduled ||= hint.scheduled ?? false;
    this.schedules ||= hint.schedules ?? false;
    if (!this.waking) void this.sendHints();
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
    this.channel.close();
  }

  private get hasHints(): boolean {
    return this.queues.size > 0 || this.cancels.length > 0 || this.schedules;
  }

  private async sendHints(): Promise<void> {
    this.waking = true;
    while (this.hasHints) {
      const request = {
        queues: [...this.queues.values()],
        cancels: this.cancels.map(({ namespace, id }) => ({ namespace, taskId: id })),
        scheduled: this.scheduled,
        schedules: this.schedules,
      };
      this.queues = new Map();
      this.cancels = [];
      this.scheduled = false;
      this.schedules = false;
      try {
        const signal = AbortSignal.timeout(DEADLINE.toMillis());
        await context.with(this.because, () => this.client.wake(request, { signal }));
      } catch (error) {
        // A hint may be lost: the scheduler looks by itself once a second.
        this.logger.debug('a hint to the scheduler was lost', { address: this.address, error });
      }
    }
    this.waking = false;
  }
}

function createRawClient(channel: ReturnType<typeof openChannel>) {
  return createClientFactory().use(traceCalls).create(dispatchv1.SchedulerServiceDefinition, channel);
}

function readTask(task: Parameters<typeof taskFromProto>[0] | undefined): Task {
  if (!task) throw new Refusal('INTERNAL', 'the scheduler answered without a task');
  return taskFromProto(task);
}
