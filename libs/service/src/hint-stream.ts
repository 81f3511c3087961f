import type { dispatchv1 } from '@orrery/contracts';
import type { TaskKey } from '@orrery/core';
import { Outgoing, reconnectDelay, systemTimers } from '@orrery/rpc';
import { outsideCalls } from './call-scope.ts';
import type { Logger } from './logger.ts';
import { sleep } from './sleep.ts';

/** What a scheduler may want to know at once; it looks for all of it by itself once a second. */
export interface Hint {
  readonly queues?: readonly Queue[];
  readonly scheduled?: boolean;
  readonly cancels?: readonly TaskKey[];
  readonly schedules?: boolean;
}

interface Queue {
  readonly namespace: string;
  readonly queue: string;
}

/** A scheduler as those know it who give hints. */
export interface HintTaker {
  wake(hints: AsyncIterable<dispatchv1.WakeRequest>, options: { readonly signal: AbortSignal }): Promise<unknown>;
}

/** What is gathered while nothing can be sent; of more, a scheduler hears when it looks. */
const MAX_PENDING_CANCELS = 1000;

const HEALTHY_AFTER_MS = 5_000;

/**
 * Hints on their way to one scheduler, over a stream that stays open: a message on it reaches a quiet scheduler in less than half the
 * time of a call (see docs/performance.md). Hints gather while the stream takes none.
 */
export class HintStream {
  private readonly client: HintTaker;
  private readonly address: string;
  private readonly logger: Logger;
  private readonly closed = new AbortController();
  private outgoing: Outgoing<dispatchv1.WakeRequest> | undefined;
  private running = false;
  private queues = new Map<string, Queue>();
  private cancels: TaskKey[] = [];
  private scheduled = false;
  private schedules = false;

  constructor(client: HintTaker, address: string, logger: Logger) {
    this.client = client;
    this.address = address;
    this.logger = logger;
  }

  /** Sends a hint as soon as the stream takes it. Never fails and never waits. */
  send({ queues = [], scheduled = false, cancels = [], schedules = false }: Hint): void {
    for (const queue of queues) this.queues.set(`${queue.namespace}\n${queue.queue}`, queue);
    if (this.cancels.length < MAX_PENDING_CANCELS) this.cancels.push(...cancels);
    this.scheduled ||= scheduled;
    this.schedules ||= schedules;
    this.outgoing?.wake();
    if (this.running || this.closed.signal.aborted) return;
    this.running = true;
    void outsideCalls(() => this.keepOpen());
  }

  /** Ends the stream; what was not sent is dropped. */
  close(): void {
    this.closed.abort();
  }

  private async keepOpen(): Promise<void> {
    const { signal } = this.closed;
    for (let failures = 1; !signal.aborted; failures += 1) {
      const openedAt = systemTimers.monotonicMillis();
      await this.session();
      if (systemTimers.monotonicMillis() - openedAt >= HEALTHY_AFTER_MS) failures = 1;
      await sleep(reconnectDelay(failures, Math.random()), signal);
    }
  }

  private async session(): Promise<void> {
    const { signal } = this.closed;
    const outgoing = new Outgoing(() => this.take());
    this.outgoing = outgoing;
    try {
      await this.client.wake(outgoing, { signal });
    } catch (error) {
      const { address } = this;
      if (!signal.aborted) this.logger.debug('the stream of hints to a scheduler broke off', { address, error });
    } finally {
      this.outgoing = undefined;
      outgoing.end();
    }
  }

  private take(): dispatchv1.WakeRequest | undefined {
    const { queues, cancels, scheduled, schedules } = this;
    if (queues.size === 0 && cancels.length === 0 && !scheduled && !schedules) return undefined;
    this.queues = new Map();
    this.cancels = [];
    this.scheduled = false;
    this.schedules = false;
    return {
      queues: [...queues.values()],
      cancels: cancels.map(({ namespace, id }) => ({ namespace, taskId: id })),
      scheduled,
      schedules,
    };
  }
}
