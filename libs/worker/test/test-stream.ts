import { type dispatchv1, refusalToRpc, taskv1 } from '@orrery/contracts';
import type { Refusal } from '@orrery/core';
import { Outgoing } from '@orrery/rpc';
import { Inbox } from '@orrery/rpc/testing';
import { ServerError, Status } from 'nice-grpc';

type Up = NonNullable<dispatchv1.WorkRequest['message']>;
type Down = NonNullable<dispatchv1.WorkResponse['message']>;
type UpValue<C extends Up['$case']> = Extract<Up, { readonly $case: C }>['value'];

/** One work stream as the server sees it; does what the spec tells it to. */
export class TestStream {
  readonly hello: dispatchv1.WorkHello;
  /** Credits that were granted on this stream and not used. */
  credits = 0;
  /** The most credits there ever were. */
  mostCredits = 0;
  /** Every message of outcomes, in order. */
  readonly outcomes: dispatchv1.WorkOutcomes[] = [];
  readonly #up = new Inbox<Up>();
  readonly #down = new Outgoing<dispatchv1.WorkResponse>();
  readonly #cut = Promise.withResolvers<never>();
  readonly #halfClosed = Promise.withResolvers<void>();

  constructor(hello: dispatchv1.WorkHello) {
    this.hello = hello;
    this.#cut.promise.catch(() => undefined);
  }

  /** Reads what the worker says until it half-closes; then ends the stream. */
  async read(iterator: AsyncIterator<dispatchv1.WorkRequest>): Promise<void> {
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) this.#take(next.value.message);
    } catch {
      // The worker hung up.
    }
    this.#halfClosed.resolve();
    this.#down.end();
  }

  async *write(): AsyncGenerator<dispatchv1.WorkResponse> {
    const messages = this.#down[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([messages.next(), this.#cut.promise]);
      if (next.done) return;
      yield next.value;
    }
  }

  /** The next message of a kind, as soon as it is there. */
  async next<C extends Up['$case']>(kind: C): Promise<UpValue<C>> {
    const message = await this.#up.take(({ $case }) => $case === kind);
    return message.value as UpValue<C>;
  }

  /** Resolves once the worker has half-closed or hung up. */
  get halfClosed(): Promise<void> {
    return this.#halfClosed.promise;
  }

  send(message: Down): void {
    this.#down.push({ message });
  }

  /** Sends leases, and uses up credits for them. */
  lease(...leases: readonly Partial<dispatchv1.Lease>[]): void {
    this.credits -= leases.length;
    if (this.credits < 0) throw new Error('the spec sends more leases than were granted');
    this.send({ $case: 'leases', value: { leases: leases.map(leaseOf) } });
  }

  acknowledge({ completions, failures, releases }: dispatchv1.WorkOutcomes, refusal?: Refusal): void {
    const error = refusal && refusalToRpc(refusal);
    const refs = [...completions.map(({ lease }) => lease), ...failures.map(({ lease }) => lease), ...releases];
    const status = taskv1.TaskStatus.SUCCEEDED;
    this.send({
      $case: 'results',
      value: { results: refs.map((ref) => ({ taskId: ref?.taskId ?? '', status, error })) },
    });
  }

  /** Breaks the stream off. */
  cut(): void {
    this.#cut.reject(new ServerError(Status.UNAVAILABLE, 'cut by the spec'));
  }

  #take(message: Up | undefined): void {
    if (!message) return;
    if (message.$case === 'credits') {
      this.credits += message.value.add;
      this.mostCredits = Math.max(this.mostCredits, this.credits);
    }
    if (message.$case === 'outcomes') this.outcomes.push(message.value);
    this.#up.put(message);
  }
}

function leaseOf(lease: Partial<dispatchv1.Lease>): dispatchv1.Lease {
  const taskId = lease.taskId ?? 'task-1';
  return {
    taskId,
    leaseToken: `${taskId}/token`,
    expireTime: new Date('2030-01-01T00:00:30Z'),
    queue: 'default',
    type: 'echo',
    params: { data: new TextEncoder().encode(JSON.stringify({ task: taskId })), contentType: 'application/json' },
    attempt: 1,
    maxAttempts: 5,
    runTimeout: undefined,
    heartbeatTimeout: undefined,
    labels: {},
    correlationId: 'because',
    traceparent: '',
    createTime: new Date('2030-01-01T00:00:00Z'),
    priority: 0,
    typeVersion: 0,
    ...lease,
  };
}
