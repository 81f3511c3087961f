import { type dispatchv1, durationToProto, leaseToProto } from '@orrery/contracts';
import { Refusal, type Task } from '@orrery/core';
import type { Claimer, ClaimOptions } from './claimer.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { LeaseCalls } from './lease-calls.ts';
import { Outgoing } from '@orrery/service';
import { parseClaimOptions } from './parse-claim-options.ts';

/** What waits to be sent on one stream before no more is claimed for it; a slow reader costs no more memory than this and a batch. */
const MAX_PENDING_BYTES = 2 * 1024 * 1024;

/** What one claim should bring at most: how large tasks are is only known when they have been claimed, so it is a guess. */
const CLAIM_BYTES = 4 * 1024 * 1024;

/** How large a task is taken to be before any was seen: the first claim is of 8, at most 8 MiB with the default limit. */
const FIRST_GUESS_BYTES = 512 * 1024;

/** How much smaller than before the guess may be after a claim: a few small tasks say little about the next. */
const GUESS_SHRINKS_BY = 16;

/**
 * Leases are sent in messages of about this size, well below the 4 MiB that a client accepts by default. The server's stream holds 16
 * of them that its peer has not taken.
 */
const MESSAGE_BYTES = 256 * 1024;

/** About how much of a lease is not params; and how much an answer about one takes. */
const LEASE_BYTES = 200;
const ANSWER_BYTES = 200;

/** What may wait to be sent before the worker is not listened to: more than leases alone make, so that only answers come to it. */
const MAX_UNREAD_BYTES = 12 * 1024 * 1024;

/** What a Work stream needs from the scheduler. */
export interface WorkStreamDeps {
  readonly dispatcher: Dispatcher;
  readonly calls: LeaseCalls;
  readonly maxPayloadBytes: number;
}

/** One worker's Work stream, from its hello to its end. */
export class WorkStream implements Claimer {
  readonly options: ClaimOptions;
  private readonly outgoing = new Outgoing<dispatchv1.WorkResponse>();
  private readonly held = new Map<string, string>();
  private readonly deps: WorkStreamDeps;
  private readonly place: ReturnType<Dispatcher['add']>;
  private credits = 0;
  private guessedBytes = FIRST_GUESS_BYTES;
  private draining = false;
  private finished = false;
  private answering = 0;

  constructor(hello: dispatchv1.WorkHello, deps: WorkStreamDeps) {
    this.options = parseClaimOptions(hello.options, 'hello.options');
    this.deps = deps;
    this.outgoing.push({ message: { $case: 'welcome', value: this.welcome() } });
    this.place = deps.dispatcher.add(this);
  }

  /** What to send to the worker, until the stream ends. */
  get responses(): AsyncIterable<dispatchv1.WorkResponse> {
    return this.outgoing;
  }

  wanted(): number {
    if (this.draining || this.outgoing.pendingBytes > MAX_PENDING_BYTES) return 0;
    return Math.min(this.credits, Math.max(1, Math.floor(CLAIM_BYTES / this.guessedBytes)));
  }

  deliver(tasks: readonly Task[]): boolean {
    if (this.outgoing.closed || this.draining) return false;
    this.credits -= tasks.length;
    const total = tasks.reduce((sum, task) => sum + task.params.data.length + LEASE_BYTES, 0);
    this.guessedBytes = Math.max(total / tasks.length, this.guessedBytes / GUESS_SHRINKS_BY);
    let leases: dispatchv1.Lease[] = [];
    let bytes = 0;
    for (const task of tasks) {
      this.held.set(task.id, task.leaseToken ?? '');
      leases.push(leaseToProto(task));
      bytes += task.params.data.length + LEASE_BYTES;
      if (bytes < MESSAGE_BYTES) continue;
      this.send({ $case: 'leases', value: { leases } }, bytes);
      leases = [];
      bytes = 0;
    }
    if (leases.length > 0) this.send({ $case: 'leases', value: { leases } }, bytes);
    return true;
  }

  /** Resolves when the worker has read enough of its answers to be listened to. */
  room(): Promise<void> {
    return this.outgoing.room(MAX_UNREAD_BYTES);
  }

  /** Takes one message of the worker. Its answer is sent when it is there; the next message need not wait for it. */
  receive({ message }: dispatchv1.WorkRequest): void {
    switch (message?.$case) {
      case 'credits':
        this.credits += message.value.add;
        this.place.takesMore();
        break;
      case 'outcomes':
        this.forget(message.value);
        void this.settle(message.value);
        break;
      case 'extend':
        void this.extend(message.value);
        break;
      case 'progress':
        void this.progress(message.value);
        break;
      default:
        throw new Refusal(
          'PROTOCOL_VIOLATION',
          `a Work stream takes one hello, then credits, outcomes, extensions and progress`,
        );
    }
  }

  /** Tells the worker to stop a task that it holds; false if this stream did not give it out. */
  cancel(namespace: string, taskId: string): boolean {
    const leaseToken = this.held.get(taskId);
    if (leaseToken === undefined || namespace !== this.options.namespace) return false;
    return this.send({ $case: 'cancels', value: { leases: [{ taskId, leaseToken }] } });
  }

  /** Gives out no more and tells the worker so; outcomes and extensions are still taken. */
  drain(reason: string): void {
    if (this.draining) return;
    this.stopGiving();
    this.send({ $case: 'drain', value: { reason } });
  }

  /** The worker has ended its side: answers what is under way, then ends the stream. */
  finish(): void {
    this.finished = true;
    this.stopGiving();
    this.endIfDone();
  }

  /** Ends the stream at once; with an error, that is what the worker gets. */
  close(error?: unknown): void {
    this.stopGiving();
    this.outgoing.end(error);
  }

  /** The worker is gone: leases that it was never sent go back at once, and no attempt is used up. */
  async abandon(): Promise<void> {
    this.stopGiving();
    const messages = this.outgoing.takeBack();
    const leases = messages.map(({ message }) => (message?.$case === 'leases' ? message.value.leases : []));
    const { namespace } = this.options;
    const releases = leases.map((batch) =>
      this.deps.calls.release(
        namespace,
        batch.map(({ taskId, leaseToken }) => ({ taskId, leaseToken })),
      ),
    );
    await Promise.all(releases);
  }

  private stopGiving(): void {
    this.draining = true;
    this.place.remove();
  }

  private endIfDone(): void {
    if (this.finished && this.answering === 0) this.outgoing.end();
  }

  private async settle(outcomes: dispatchv1.WorkOutcomes): Promise<void> {
    await this.answer(async () => {
      const results = await this.deps.calls.settle(this.options.namespace, outcomes);
      this.send({ $case: 'results', value: { results } }, results.length * ANSWER_BYTES);
    });
  }

  /** What the worker has said its last word about need not be cancelled any more; a newer lease of the task stays known. */
  private forget({ completions, failures, releases }: dispatchv1.WorkOutcomes): void {
    for (const { lease } of completions) this.forgetLease(lease);
    for (const { lease } of failures) this.forgetLease(lease);
    for (const lease of releases) this.forgetLease(lease);
  }

  private forgetLease(lease: dispatchv1.LeaseRef | undefined): void {
    if (lease && this.held.get(lease.taskId) === lease.leaseToken) this.held.delete(lease.taskId);
  }

  private async extend(request: dispatchv1.ExtendLeasesRequest): Promise<void> {
    await this.answer(async () => {
      const { namespace, leaseDuration } = this.options;
      const extensions = await this.deps.calls.extend({ ...request, namespace }, leaseDuration);
      this.send({ $case: 'extended', value: { extensions } }, extensions.length * ANSWER_BYTES);
    });
  }

  private async progress(request: dispatchv1.ReportProgressRequest): Promise<void> {
    await this.answer(async () => {
      const { namespace, leaseDuration } = this.options;
      const extensions = await this.deps.calls.progress({ ...request, namespace }, leaseDuration);
      this.send({ $case: 'progressed', value: { extensions } });
    });
  }

  /** If the store cannot be reached there is no answer: the stream breaks, and the worker says it again on the next one. */
  private async answer(work: () => Promise<void>): Promise<void> {
    this.answering++;
    try {
      await work();
    } catch (error) {
      this.close(error);
    } finally {
      this.answering--;
      this.endIfDone();
    }
  }

  private send(message: NonNullable<dispatchv1.WorkResponse['message']>, bytes = 0): boolean {
    return this.outgoing.push({ message }, bytes);
  }

  private welcome(): dispatchv1.WorkWelcome {
    const { leaseDuration } = this.options;
    return {
      leaseDuration: durationToProto(leaseDuration),
      extendInterval: durationToProto(leaseDuration.times(1 / 3)),
      maxPayloadBytes: BigInt(this.deps.maxPayloadBytes),
    };
  }
}
