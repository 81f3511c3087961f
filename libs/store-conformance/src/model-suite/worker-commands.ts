import {
  CLAIM_STRATEGIES,
  completeTask,
  decideRetry,
  extended,
  extendLease,
  failTask,
  leaseLost,
  releaseTask,
  repeatsCompletion,
  reportProgress,
  taskCancelled,
  type ClaimTasks,
  type DecidedFailure,
  type ExtendOutcome,
  type LeaseRef,
  type RetryDecision,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import { TaskError } from '@orrery/task-error';
import type { Lane } from './lane.ts';

/** Claims up to four tasks. */
export async function claim(lane: Lane): Promise<void> {
  const { random, namespace } = lane;
  const wanted = {
    namespace,
    queues: random.some(['a', 'b', 'c'], 3),
    types: random.chance(0.7) ? [] : random.some(['x.*', 'x.one', 'y'], 2),
    strategy: random.pick(CLAIM_STRATEGIES),
    slots: random.some(['ann', 'bob'], 4),
    leaseDuration: Duration.ofMillis(random.between(1, 8000)),
    ...(random.chance(0.5) && { afterKey: random.pick(['', 'K3', 'k1', 'z']) }),
    ...(random.chance(0.2) && { minAge: Duration.ofMillis(random.between(0, 6000)) }),
  };
  await claimThese(lane, wanted);
}

/** Claims every task that is ready. */
export async function claimAll(lane: Lane): Promise<void> {
  const slots = Array.from(lane.ids, () => 'cleaner');
  const { namespace } = lane;
  const leaseDuration = Duration.ofSeconds(1);
  await claimThese(lane, { namespace, queues: ['a', 'b'], types: [], strategy: 'FIFO', slots, leaseDuration });
}

async function claimThese(lane: Lane, wanted: ClaimTasks): Promise<void> {
  lane.note('claim', wanted);
  const tasks = await lane.compare(lane.store.tasks.claimTasks(wanted), (answer) =>
    lane.model.claim(wanted, answer?.[0]?.leaseToken ?? '', lane.clock.now()),
  );
  for (const task of tasks ?? []) lane.leases.push({ taskId: task.id, token: task.leaseToken ?? '' });
}

/** Completes up to three attempts. */
export async function complete(lane: Lane): Promise<void> {
  await completeThese(lane, someLeases(lane));
}

/** Completes whatever runs. */
export async function completeAll(lane: Lane): Promise<void> {
  await completeThese(lane, lane.leases);
}

async function completeThese(lane: Lane, leases: readonly LeaseRef[]): Promise<void> {
  const { random, namespace } = lane;
  const now = lane.clock.now();
  const completions = leases.map((lease) => ({
    lease,
    result: random.chance(0.3) ? null : { data: Uint8Array.of(random.between(0, 255)), contentType: 'a/b' },
  }));
  lane.note('complete', completions);
  await lane.compare(lane.store.tasks.completeTasks(namespace, completions), () =>
    completions.map(({ lease, result }) => {
      const decide = (task: Parameters<typeof completeTask>[0]) =>
        repeatsCompletion(task, lease.token) ? null : completeTask(task, lease.token, result, now);
      const outcome = lane.model.settle(lease, decide, now);
      if (outcome.status !== 'CANCELLED') return outcome;
      return { taskId: lease.taskId, status: null, refusal: taskCancelled(lease.taskId) };
    }),
  );
}

/** Reports up to three attempts as failed, or takes them back. */
export async function fail(lane: Lane): Promise<void> {
  const { namespace, model } = lane;
  const now = lane.clock.now();
  const leases = someLeases(lane);
  const decided = new Map([...new Set(leases)].map((lease) => [lease, decideFailure(lane, lease)]));
  // A lease that is named twice is named with the same failure: two different ones in one call are nobody's.
  const failures = leases.flatMap((lease) => decided.get(lease) ?? []);
  lane.note('fail', failures);
  await lane.compare(lane.store.tasks.failTasks(namespace, failures), () =>
    failures.map(({ lease, error, decision, ifExpiresAt }) =>
      model.settle(
        lease,
        (task) => {
          if (ifExpiresAt && task.leaseExpiresAt?.getTime() !== ifExpiresAt.getTime()) throw leaseLost(task.id);
          return failTask(task, lease.token, error, decision, now);
        },
        now,
      ),
    ),
  );
}

function decideFailure({ random, model, clock }: Lane, lease: LeaseRef): DecidedFailure {
  const now = clock.now();
  const error = TaskError.create({
    message: `failure ${random.between(1, 99)}`,
    errorType: random.pick(['network', 'validation', 'timeout']),
    timestamp: now,
    ...(random.chance(0.1) && { maxRetries: 1 }),
    ...(random.chance(0.1) && { retryAfter: Duration.ofMillis(random.between(0, 3000)) }),
  }).toData();
  const task = model.tasks.get(lease.taskId);
  const decision: RetryDecision = task
    ? decideRetry(task.retryPolicy, task.maxAttempts, task.attempt, error, random.next())
    : { retry: false };
  const expiry = task && random.chance(0.8) ? task.leaseExpiresAt : now;
  return { lease, error, decision, ifExpiresAt: random.chance(0.6) ? null : expiry };
}

/** Hands up to three attempts back. */
export async function release(lane: Lane): Promise<void> {
  const now = lane.clock.now();
  const leases = someLeases(lane);
  lane.note('release', leases);
  await lane.compare(lane.store.tasks.releaseTasks(lane.namespace, leases), () =>
    leases.map((lease) => lane.model.settle(lease, (task) => releaseTask(task, lease.token, now), now)),
  );
}

/** Extends up to three leases. */
export async function extend(lane: Lane): Promise<void> {
  const now = lane.clock.now();
  const leases = someLeases(lane);
  const duration = Duration.ofMillis(lane.random.between(1, 8000));
  lane.note('extend', { leases, duration });
  await lane.compare(lane.store.tasks.extendLeases(lane.namespace, leases, duration), () =>
    leases.map(({ taskId, token }): ExtendOutcome => {
      const task = lane.model.tasks.get(taskId);
      if (task?.status !== 'RUNNING' || task.leaseToken !== token)
        return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
      return extended(lane.model.put(extendLease(task, token, duration, now), now), now);
    }),
  );
}

/** Reports the progress of up to three attempts, or that they are alive. */
export async function report(lane: Lane): Promise<void> {
  const { random, model } = lane;
  const now = lane.clock.now();
  const duration = Duration.ofMillis(random.between(1, 8000));
  const leases = new Map(someLeases(lane).map((lease) => [`${lease.taskId} ${lease.token}`, lease]));
  const reports = [...leases.values()].map((lease) => {
    const percent = random.chance(0.8) ? random.between(0, 100) : null;
    return { lease, progress: random.chance(0.7) ? { percent, message: random.pick(['', 'half', '"ä\\']) } : null };
  });
  lane.note('report', { reports, duration });
  await lane.compare(lane.store.tasks.reportProgress(lane.namespace, reports, duration), () =>
    reports.map(({ lease: { taskId, token }, progress }): ExtendOutcome => {
      const before = model.tasks.get(taskId);
      if (before?.status !== 'RUNNING' || before.leaseToken !== token)
        return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
      const { task, event } = reportProgress(before, token, progress, duration, now);
      return extended(event ? model.apply({ task, event }, now) : model.put(task, now), now);
    }),
  );
}

/** Leases that are held, were held, or never were. */
function someLeases({ random, leases, model }: Lane): readonly LeaseRef[] {
  const held = leases.filter(({ taskId, token }) => {
    const task = model.tasks.get(taskId);
    return task?.status === 'RUNNING' && task.leaseToken === token;
  });
  const chosen = random.some(held.length > 0 && random.chance(0.8) ? held : leases, 3);
  return random.chance(0.05) ? [...chosen, ...leases.slice(0, 1), ...chosen] : chosen;
}
