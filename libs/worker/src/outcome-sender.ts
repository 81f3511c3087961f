import type { dispatchv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { Batcher, errorFromStatus, type Logger, type OrreryError, type Settled, type Timers } from '@orrery/rpc';
import { permanentFailure } from './decide-outcome.ts';
import { type Outcome, sizeOfOutcome } from './outcome.ts';

/** What an outcome sender needs. */
export interface OutcomeSenderOptions {
  /** Puts outcomes on the stream; false: there is none now. */
  readonly write: (outcomes: readonly Outcome[]) => boolean;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** What the server's answer to an outcome means. */
export type Verdict = 'accepted' | 'void' | 'again' | 'refused';

const MAX_ITEMS = 500;
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_IN_FLIGHT = 4;
const MAX_WAIT = Duration.ofMillis(2);
const AGAIN_AFTER = Duration.ofSeconds(1);

/** Outcomes that were sent together: the next batch may follow when all are answered. */
interface Batch {
  unanswered: number;
  readonly answered: () => void;
}

interface Unacknowledged {
  readonly outcome: Outcome;
  readonly batch: Batch;
}

/** Reads the server's answer to an outcome. */
export function judge(error: OrreryError | null): Verdict {
  if (!error) return 'accepted';
  // The task moved on without us, or our first try did get through: either way there is nothing more to say.
  if (error.reason === 'LEASE_LOST' || error.reason === 'TASK_CANCELLED' || error.reason === 'TASK_NOT_FOUND')
    return 'void';
  return error.code === 'UNAVAILABLE' ? 'again' : 'refused';
}

/** Brings outcomes to the server, in batches, until each has been answered; across as many streams as it takes. */
export class OutcomeSender {
  readonly #options: OutcomeSenderOptions;
  readonly #batcher: Batcher<Outcome, void>;
  /** By task; an answer names the task, and answers to one task come in order. */
  readonly #unacknowledged = new Map<string, Unacknowledged[]>();
  #pending = 0;
  #whenIdle: (() => void)[] = [];

  constructor(options: OutcomeSenderOptions) {
    this.#options = options;
    this.#batcher = new Batcher({
      send: (outcomes) => this.#send(outcomes),
      sizeOf: sizeOfOutcome,
      maxItems: MAX_ITEMS,
      maxBytes: MAX_BYTES,
      maxInFlight: MAX_IN_FLIGHT,
      maxWait: MAX_WAIT,
      timers: options.timers,
    });
  }

  /** How many outcomes have not been answered. */
  get pending(): number {
    return this.#pending;
  }

  /** Says what came of an attempt. */
  report(outcome: Outcome): void {
    this.#pending += 1;
    this.#batcher.post(outcome);
  }

  /** Resolves when every outcome has been answered. */
  whenIdle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Says again, on a new stream, what was not answered on the one before. */
  resend(): void {
    const outcomes = [...this.#unacknowledged.values()].flat().map(({ outcome }) => outcome);
    for (const batch of batchesOf(outcomes)) this.#options.write(batch);
  }

  /** Takes in the server's answers. */
  answered(results: readonly dispatchv1.LeaseResult[]): void {
    for (const { taskId, error } of results) {
      const waiting = this.#unacknowledged.get(taskId);
      const first = waiting?.shift();
      if (waiting?.length === 0) this.#unacknowledged.delete(taskId);
      if (!first) continue;
      this.#conclude(first.outcome, error ? errorFromStatus(error) : null);
      first.batch.unanswered -= 1;
      if (first.batch.unanswered === 0) first.batch.answered();
    }
  }

  /** Gives up what has not been answered. */
  close(error: Error): void {
    this.#batcher.close(error);
  }

  #settle(): void {
    this.#pending -= 1;
    if (this.#pending === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #send(outcomes: readonly Outcome[]): Promise<readonly Settled<void>[]> {
    return new Promise((resolve) => {
      const batch = { unanswered: outcomes.length, answered: () => resolve([]) };
      for (const outcome of outcomes) {
        const waiting = this.#unacknowledged.get(outcome.lease.taskId);
        if (waiting) waiting.push({ outcome, batch });
        else this.#unacknowledged.set(outcome.lease.taskId, [{ outcome, batch }]);
      }
      this.#options.write(outcomes);
    });
  }

  #conclude(outcome: Outcome, error: OrreryError | null): void {
    const verdict = judge(error);
    if (verdict !== 'accepted') this.#take(outcome, verdict, error);
    // What is to be said again stays pending.
    if (verdict !== 'again') this.#settle();
  }

  #take(outcome: Outcome, verdict: Exclude<Verdict, 'accepted'>, error: OrreryError | null): void {
    const fields = { task_id: outcome.lease.taskId, outcome: outcome.kind, reason: error?.reason, err: error };
    const { logger, timers } = this.#options;
    if (verdict === 'void') return logger.info(fields, 'the outcome is no longer wanted');
    if (verdict === 'again') {
      logger.warn(fields, 'the outcome could not be stored, saying it again');
      timers.after(AGAIN_AFTER, () => this.#batcher.post(outcome));
      return;
    }
    logger.error(fields, 'the outcome was refused');
    if (outcome.kind !== 'completed') return;
    this.report(permanentFailure(outcome.lease, `the result was refused: ${error?.message ?? ''}`, error));
  }
}

function* batchesOf(outcomes: readonly Outcome[]): Generator<readonly Outcome[]> {
  let batch: Outcome[] = [];
  let bytes = 0;
  for (const outcome of outcomes) {
    const size = sizeOfOutcome(outcome);
    if (batch.length === MAX_ITEMS || (batch.length > 0 && bytes + size > MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(outcome);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
