import { type dispatchv1, durationToProto, leaseFromProto, strategyToProto } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { call } from '@orrery/rpc';
import { ClaimAhead } from './claim-ahead.ts';
import { decideOutcome, permanentFailure } from './decide-outcome.ts';
import type { Handlers } from './handlers.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { type HeldLease, LeaseTable } from './lease-table.ts';
import { type Outcome, toWorkOutcomes } from './outcome.ts';
import { OutcomeSender } from './outcome-sender.ts';
import type { Progress } from './progress.ts';
import { ProgressSender } from './progress-sender.ts';
import { runAttempt } from './run-attempt.ts';
import type { AbortWhy } from './task-aborted-error.ts';
import { type WorkMessage, WorkStream } from './work-stream.ts';
import type { WorkerSettings } from './worker-options.ts';

/** Everything between the scheduler and the handlers. */
export interface Dispatch {
  /** Resolves when the first stream is open; rejects if it is refused for good, or stopped before. */
  connected(): Promise<void>;
  /** Grants nothing more and hands back what has not been started. */
  stopClaiming(): void;
  /** Resolves when every attempt that runs has been decided. */
  whenNoneRuns(): Promise<void>;
  /** Asks every handler to stop. */
  abortAll(why: AbortWhy): void;
  /** Resolves when the server has answered for every outcome. */
  whenReported(): Promise<void>;
  /** How many outcomes have not been answered. */
  readonly unreported: number;
  /** How many handlers run. */
  readonly running: number;
  /** Ends the stream; resolves once it has ended. */
  close(): Promise<void>;
}

/** More answers outstanding than this, and no more is claimed until the server has caught up. */
const MAX_UNREPORTED = 5_000;
const DEFAULT_MAX_PAYLOAD = 1024 * 1024;
const HAND_BACK_DEADLINE = Duration.ofSeconds(5);

/** Connects to the scheduler, claims what there is room for, runs it, and reports what came of it. */
export function openDispatch(
  settings: WorkerSettings,
  handlers: Handlers,
  stub: dispatchv1.DispatchServiceClient,
  progress: Progress,
): Dispatch {
  const { timers, logger } = settings;
  const table = new LeaseTable(settings.concurrency, settings.prefetch);
  const ahead = new ClaimAhead(table, timers, releaseReady);
  const attempts = new Set<Promise<void>>();
  const firstWelcome = Promise.withResolvers<void>();
  let claiming = true;
  /** Leases that came when there was no telling the server any more over the stream. */
  const late: dispatchv1.LeaseRef[] = [];
  let closing = false;
  let outstanding = 0;
  let maxPayloadBytes = DEFAULT_MAX_PAYLOAD;

  const grant = () => {
    const add = claiming && sender.pending < MAX_UNREPORTED ? table.room(outstanding) : 0;
    if (add > 0 && stream.write({ $case: 'credits', value: { add } })) outstanding += add;
  };
  const sender = new OutcomeSender({
    write: (outcomes) => {
      const written = stream.write({ $case: 'outcomes', value: toWorkOutcomes(outcomes) });
      // The slots that these outcomes left are granted with them, not one by one.
      grant();
      return written;
    },
    timers,
    logger,
  });
  const keeper = new LeaseKeeper({
    table,
    timers,
    logger,
    leaseDuration: settings.leaseDuration,
    write: (value) => stream.write({ $case: 'extend', value }),
    onLost: (held) => abort(held, 'lease_lost'),
    onCancel: (held) => abort(held, 'cancelled'),
  });
  const said = new ProgressSender({ timers, write: (value) => stream.write({ $case: 'progress', value }) });
  const stream = new WorkStream({
    stub,
    token: settings.token,
    hello: helloOf(settings, handlers),
    timers,
    random: settings.random,
    logger,
    onWelcome: (welcome) => {
      outstanding = 0;
      if (welcome.maxPayloadBytes > 0n) maxPayloadBytes = Number(welcome.maxPayloadBytes);
      keeper.welcome(welcome);
      sender.resend();
      grant();
      firstWelcome.resolve();
    },
    onMessage: receive,
  });

  function receive(message: WorkMessage): void {
    if (message.$case === 'leases') takeIn(message.value.leases);
    else if (message.$case === 'results') {
      sender.answered(message.value.results);
      grant();
    } else if (message.$case === 'extended') keeper.extended(message.value);
    else if (message.$case === 'progressed') keeper.heard(message.value);
    else for (const { taskId, leaseToken } of message.value.leases) cancel(taskId, leaseToken);
  }

  function takeIn(leases: readonly dispatchv1.Lease[]): void {
    outstanding = Math.max(0, outstanding - leases.length);
    if (closing) {
      for (const { taskId, leaseToken } of leases) late.push({ taskId, leaseToken });
      return;
    }
    const goodUntil = keeper.goodUntil();
    for (const lease of leases) {
      const ref = { taskId: lease.taskId, token: lease.leaseToken };
      try {
        table.add(leaseFromProto(lease), timers.monotonicMillis(), goodUntil);
      } catch (error) {
        report({ ...permanentFailure(ref, `the lease cannot be read: ${String(error)}`, error) });
      }
    }
    if (claiming) startAll();
    else releaseReady();
  }

  function startAll(): void {
    for (let held = table.startNext(); held; held = table.startNext()) {
      const attempt = run(held);
      attempts.add(attempt);
      void attempt.then(() => attempts.delete(attempt));
    }
    ahead.watch();
  }

  async function run(held: HeldLease): Promise<void> {
    const registered = handlers.find(held.task.type);
    if (!registered) logger.error({ task_id: held.task.id, type: held.task.type }, 'a task came that no handler runs');
    const startedAt = timers.monotonicMillis();
    const attempt =
      registered && runAttempt(held, registered, { timers, logger, maxPayloadBytes, workerId: settings.id, said });
    const outcome: Outcome | null = attempt ? await attempt.outcome : { kind: 'released', lease: held.ref };
    table.drop(held);
    if (outcome) report(outcome);
    void (attempt?.ended ?? Promise.resolve()).then(() => {
      ahead.ended(startedAt);
      freeSlot(outcome !== null);
    });
  }

  function freeSlot(reported: boolean): void {
    table.free();
    if (claiming) startAll();
    // A report brings the grant with it.
    if (!reported || sender.pending === 0) grant();
  }

  function report(outcome: Outcome): void {
    progress.note(outcome, new Date());
    said.ended(outcome.lease);
    sender.report(outcome);
  }

  function cancel(taskId: string, token: string): void {
    const held = table.find(taskId, token);
    if (held) abort(held, 'cancelled');
  }

  function abort(held: HeldLease, why: AbortWhy): void {
    held.stop.make(why);
    if (why === 'lease_lost') table.drop(held);
    if (held.started) return;
    table.drop(held);
    const facts = { attempt: held.task.attempt, maxPayloadBytes, now: new Date() };
    const outcome = decideOutcome(held.ref, { kind: 'overdue' }, why, facts);
    if (outcome) report(outcome);
    else grant();
  }

  function releaseReady(): void {
    for (const held of table.ready) {
      table.drop(held);
      report({ kind: 'released', lease: held.ref });
    }
  }

  const ended = stream.run();
  ended.then(
    () => firstWelcome.reject(new Error('the worker stopped before it was connected')),
    (error: unknown) => firstWelcome.reject(error),
  );
  firstWelcome.promise.catch(() => undefined);

  return {
    connected: () => firstWelcome.promise,
    stopClaiming() {
      claiming = false;
      releaseReady();
    },
    async whenNoneRuns() {
      await Promise.all(attempts);
    },
    abortAll(why) {
      for (const held of table.all) abort(held, why);
    },
    whenReported: () => sender.whenIdle(),
    get unreported() {
      return sender.pending;
    },
    get running() {
      return table.running;
    },
    async close() {
      closing = true;
      keeper.stop();
      said.stop();
      ahead.stop();
      stream.close();
      await ended.catch(() => undefined);
      sender.close(new Error('the worker stopped'));
      if (late.length > 0) await handBack(settings, stub, late);
    },
  };
}

function helloOf(settings: WorkerSettings, handlers: Handlers): dispatchv1.WorkHello {
  return {
    options: {
      namespace: settings.namespace,
      workerId: settings.id,
      queues: [...settings.queues],
      types: [...handlers.types],
      strategy: strategyToProto(settings.strategy),
      leaseDuration: durationToProto(settings.leaseDuration),
    },
  };
}

async function handBack(
  settings: WorkerSettings,
  stub: dispatchv1.DispatchServiceClient,
  leases: readonly dispatchv1.LeaseRef[],
): Promise<void> {
  const request = { namespace: settings.namespace, leases: [...leases] };
  try {
    await call((options) => stub.releaseTasks(request, options), { ...settings, deadline: HAND_BACK_DEADLINE });
  } catch (error) {
    // They are noticed as lost when their leases run out.
    settings.logger.warn({ err: error, leases: leases.length }, 'tasks that came late could not be handed back');
  }
}
