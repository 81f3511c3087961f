import { Duration } from '@orrery/duration';
import { type AttemptSpan, startAttemptSpan } from './attempt-span.ts';
import { decodePayload, inTaskScope, type Logger, PayloadError, type Timers, withFields } from '@orrery/rpc';
import { decideOutcome, type HandlerEnd, permanentFailure } from './decide-outcome.ts';
import type { TaskContext } from './handler.ts';
import type { Registered } from './handlers.ts';
import type { HeldLease } from './lease-table.ts';
import type { Outcome } from './outcome.ts';
import { type ProgressSender, readProgress } from './progress-sender.ts';

/** How long a handler that was asked to stop may take before its task is reported without it. */
export const ABORT_GRACE = Duration.ofSeconds(5);

/** An attempt under way. */
export interface Attempt {
  /** What is to be said of it; null: nothing. Never rejects. */
  readonly outcome: Promise<Outcome | null>;
  /** Resolves when the handler has really ended. Never rejects. */
  readonly ended: Promise<void>;
}

/** What an attempt needs to know beside its lease and handler. */
export interface AttemptSettings {
  readonly timers: Timers;
  readonly logger: Logger;
  readonly maxPayloadBytes: number;
  readonly workerId: string;
  /** Where what the handler says of itself goes. */
  readonly said: Pick<ProgressSender, 'report'>;
}

/** Runs a handler under its lease, within its time, until it ends or is aborted. */
export function runAttempt(held: HeldLease, registered: Registered, settings: AttemptSettings): Attempt {
  const span = startAttemptSpan(held.task, settings.workerId, settings.logger);
  const params = readParams(held, registered);
  if (!params.ok) {
    span.end(params.outcome);
    return { outcome: Promise.resolve(params.outcome), ended: Promise.resolve() };
  }
  const life = watchForLife(held, settings);
  const handled = span.within(() => callHandler(held, registered, params.value, settings, span, life));
  void handled.then(life.stop);
  const outcome = firstEnd(held, handled, registered, settings).then((end) => {
    const decided = decideOutcome(held.ref, end, held.stop.why, {
      attempt: held.task.attempt,
      maxPayloadBytes: settings.maxPayloadBytes,
      now: new Date(),
    });
    span.end(decided);
    return decided;
  });
  return { outcome, ended: handled.then(() => undefined) };
}

function readParams(held: HeldLease, { raw }: Registered) {
  try {
    return { ok: true as const, value: raw ? held.task.params : decodePayload(held.task.params) };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    const outcome = permanentFailure(held.ref, `the params cannot be read: ${error.message}`, error);
    return { ok: false as const, outcome };
  }
}

async function callHandler(
  held: HeldLease,
  { handler }: Registered,
  params: unknown,
  { logger, said }: AttemptSettings,
  span: AttemptSpan,
  life: { readonly sign: () => void },
): Promise<HandlerEnd> {
  const { task } = held;
  const { id: taskId, correlationId } = task;
  const { traceparent } = span;
  const context: TaskContext = {
    task,
    signal: held.stop.signal,
    logger: withFields(logger, span.logFields),
    progress(percent, message) {
      const progress = readProgress(percent, message);
      life.sign();
      if (!ended) said.report(held.ref, progress);
    },
    heartbeat() {
      life.sign();
      if (task.heartbeatTimeout && !ended) said.report(held.ref, null);
    },
  };
  let ended = false;
  try {
    return await inTaskScope({ taskId, correlationId, traceparent }, async () => ({
      kind: 'returned',
      value: await handler(params, context),
    }));
  } catch (error) {
    return { kind: 'threw', error };
  } finally {
    ended = true;
  }
}

const UNWATCHED = { sign: () => undefined, stop: () => undefined };

/** Aborts a handler that gives no sign of life within its heartbeat timeout; costs nothing without one. */
function watchForLife(
  held: HeldLease,
  { timers }: AttemptSettings,
): { readonly sign: () => void; readonly stop: () => void } {
  const { heartbeatTimeout } = held.task;
  if (!heartbeatTimeout) return UNWATCHED;
  const watch = () => timers.after(heartbeatTimeout, () => held.stop.make('heartbeat_timeout'));
  let cancel = watch();
  return {
    sign() {
      cancel();
      cancel = watch();
    },
    stop: () => cancel(),
  };
}

/** The handler's own end, or `overdue` if it goes on for a while after it was asked to stop. */
function firstEnd(
  held: HeldLease,
  handled: Promise<HandlerEnd>,
  registered: Registered,
  { timers }: AttemptSettings,
): Promise<HandlerEnd> {
  const limit = held.task.runTimeout ?? registered.runTimeout;
  return new Promise((resolve) => {
    const cancelTimeout = limit ? timers.after(limit, () => held.stop.make('timeout')) : null;
    let cancelGrace: (() => void) | null = null;
    held.stop.listen(() => {
      // Nothing is said of a lost lease, so there is nothing to wait for.
      const grace = held.stop.why === 'lease_lost' ? Duration.ZERO : ABORT_GRACE;
      cancelGrace = timers.after(grace, () => resolve({ kind: 'overdue' }));
    });
    void handled.then((end) => {
      cancelTimeout?.();
      cancelGrace?.();
      held.stop.listen(null);
      resolve(end);
    });
  });
}
