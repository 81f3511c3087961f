import { type dispatchv1, refusalToRpc, type rpc } from '@orrery/contracts';
import { type Clock, type ExtendOutcome, invalidFields, leaseLost, type TaskStore } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { Checks } from '@orrery/service';
import { answerLeases, type Read, readCompletions, readFailures, readLeases, readReports } from './answer-leases.ts';
import { parseLeaseDuration } from './parse-claim-options.ts';
import type { Settlement } from './settle.ts';

/** The most leases that one message may speak of. */
export const MAX_BATCH = 1000;

/** What a worker may say about its leases, in the wire's terms: shared by the unary calls and the Work stream. */
export class LeaseCalls {
  private readonly store: TaskStore;
  private readonly settlement: Settlement;
  private readonly clock: Clock;
  private readonly maxPayloadBytes: number;

  constructor(deps: {
    readonly store: TaskStore;
    readonly settlement: Settlement;
    readonly clock: Clock;
    readonly maxPayloadBytes: number;
  }) {
    this.store = deps.store;
    this.settlement = deps.settlement;
    this.clock = deps.clock;
    this.maxPayloadBytes = deps.maxPayloadBytes;
  }

  /** Ends attempts of all kinds. Answers completions first, then failures, then releases, each in order. */
  async settle(namespace: string, outcomes: dispatchv1.WorkOutcomes): Promise<dispatchv1.LeaseResult[]> {
    const answers = await Promise.all([
      this.complete(namespace, outcomes.completions),
      this.fail(namespace, outcomes.failures),
      this.release(namespace, outcomes.releases),
    ]);
    return answers.flat();
  }

  complete(namespace: string, completions: readonly dispatchv1.Completion[]): Promise<dispatchv1.LeaseResult[]> {
    assertBatch('completions', completions);
    return answerLeases(readCompletions(completions, this.maxPayloadBytes), (accepted) =>
      this.settlement.complete(namespace, accepted),
    );
  }

  fail(namespace: string, failures: readonly dispatchv1.Failure[]): Promise<dispatchv1.LeaseResult[]> {
    assertBatch('failures', failures);
    return answerLeases(readFailures(failures, this.clock.now()), (accepted) =>
      this.settlement.fail(namespace, accepted),
    );
  }

  release(namespace: string, leases: readonly dispatchv1.LeaseRef[]): Promise<dispatchv1.LeaseResult[]> {
    assertBatch('leases', leases);
    return answerLeases(readLeases(leases), (accepted) => this.settlement.release(namespace, accepted));
  }

  /** Extends leases; `lease` is how long unless the request says so. */
  async extend(request: dispatchv1.ExtendLeasesRequest, lease: Duration): Promise<dispatchv1.LeaseExtension[]> {
    assertBatch('leases', request.leases);
    const { namespace, duration } = readTerms(request, lease);
    return this.answerExtensions(namespace, readLeases(request.leases), (leases) =>
      this.store.extendLeases(namespace, leases, duration),
    );
  }

  /** Takes reports of progress, and extends the leases; `lease` is how long unless the request says so. */
  async progress(request: dispatchv1.ReportProgressRequest, lease: Duration): Promise<dispatchv1.LeaseExtension[]> {
    assertBatch('reports', request.reports);
    const { namespace, duration } = readTerms(request, lease);
    const extensions = await this.answerExtensions(namespace, readReports(request.reports), (reports) =>
      this.store.reportProgress(namespace, reports, duration),
    );
    this.settlement.told();
    return extensions;
  }

  /** Answers in order; an attempt whose time is up is ended on the way, so that its worker hears of it at once. */
  private async answerExtensions<T>(
    namespace: string,
    reads: readonly Read<T>[],
    extend: (accepted: readonly T[]) => Promise<readonly ExtendOutcome[]>,
  ): Promise<dispatchv1.LeaseExtension[]> {
    const accepted = reads.flatMap((read) => ('item' in read ? [read.item] : []));
    const outcomes = await extend(accepted);
    const over = outcomes.filter((outcome) => outcome.refusal === null && outcome.isOver);
    if (over.length > 0) await this.endOverdue(namespace, over);
    let next = 0;
    return reads.map((read) => {
      const outcome = 'item' in read ? outcomes[next++] : undefined;
      if (outcome && !over.includes(outcome)) return leaseExtension(outcome);
      const refusal = 'refusal' in read ? read.refusal : leaseLost(read.taskId);
      return leaseExtension({ taskId: read.taskId, expiresAt: null, refusal });
    });
  }

  private async endOverdue(namespace: string, over: readonly ExtendOutcome[]): Promise<void> {
    const tasks = await this.store.getTasks(over.map(({ taskId }) => ({ namespace, id: taskId })));
    const running = tasks.filter(({ status }) => status === 'RUNNING');
    await this.settlement.reclaim(running, 'went on beyond its time', this.clock.now());
  }
}

function readTerms(
  request: { readonly namespace: string; readonly leaseDuration?: rpc.Duration | undefined },
  lease: Duration,
): { readonly namespace: string; readonly duration: Duration } {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const duration = parseLeaseDuration(checks, request.leaseDuration, 'lease_duration') ?? lease;
  checks.done();
  return { namespace, duration };
}

function leaseExtension(outcome: ExtendOutcome): dispatchv1.LeaseExtension {
  const { taskId } = outcome;
  if (outcome.refusal) {
    return { taskId, expireTime: undefined, cancelRequested: false, error: refusalToRpc(outcome.refusal) };
  }
  return { taskId, expireTime: outcome.expiresAt, cancelRequested: outcome.cancelRequested, error: undefined };
}

function assertBatch(field: string, items: readonly unknown[]): void {
  if (items.length <= MAX_BATCH) return;
  throw invalidFields([{ field, description: `has ${items.length} entries; at most ${MAX_BATCH} are accepted` }]);
}
