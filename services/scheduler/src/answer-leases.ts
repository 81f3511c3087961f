import {
  type dispatchv1,
  errorv1,
  payloadFromProto,
  progressFromProto,
  refusalToRpc,
  statusToProto,
  taskErrorFromProto,
} from '@orrery/contracts';
import {
  type Completion,
  leaseLost,
  type LeaseOutcome,
  type LeaseRef,
  type ProgressReport,
  Refusal,
} from '@orrery/core';
import { Checks } from '@orrery/service';
import type { ReportedFailure } from './settle.ts';

const TOKEN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The longest that a handler may say in words about how far it is. */
const MAX_MESSAGE = 1_000;

const TASK_ID = /^[A-Za-z0-9._:/-]{1,128}$/;

/** What a failure without an error is taken for: every field has a default. */
const NO_ERROR = errorv1.TaskError.decode(new Uint8Array());

/** One item of a worker's batch: read, or refused on its own so that the rest of the batch goes through. */
export type Read<T> =
  { readonly taskId: string; readonly item: T } | { readonly taskId: string; readonly refusal: Refusal };

/** Reads completions; a result that is too large is refused and the lease stays held, so that the worker can fail the task. */
export function readCompletions(wire: readonly dispatchv1.Completion[], maxBytes: number): Read<Completion>[] {
  return wire.map((completion) =>
    read(completion.lease, (lease) => {
      const size = completion.result?.data.length ?? 0;
      if (size > maxBytes) throw tooLarge('result', size, maxBytes);
      const result = payloadFromProto(completion.result);
      const checks = new Checks();
      checks.text('result.content_type', result?.contentType ?? '');
      checks.done();
      return { lease, result };
    }),
  );
}

/** Reads failures. */
export function readFailures(wire: readonly dispatchv1.Failure[], now: Date): Read<ReportedFailure>[] {
  return wire.map((failure) =>
    read(failure.lease, (lease) => ({ lease, error: taskErrorFromProto(failure.error ?? NO_ERROR, 'error', now) })),
  );
}

/** Reads the names of leases. */
export function readLeases(wire: readonly dispatchv1.LeaseRef[]): Read<LeaseRef>[] {
  return wire.map((ref) => read(ref, (lease) => lease));
}

/** Reads what handlers say of themselves. */
export function readReports(wire: readonly dispatchv1.ProgressReport[]): Read<ProgressReport>[] {
  return wire.map((report) =>
    read(report.lease, (lease) => {
      const { percent, message } = report;
      const checks = new Checks();
      checks.require((percent ?? 0) <= 100, 'percent', 'must be from 0 to 100');
      checks.require(message.length <= MAX_MESSAGE, 'message', `is longer than ${MAX_MESSAGE} characters`);
      checks.require(!message.includes('\0'), 'message', 'must not hold a NUL character');
      checks.done();
      return { lease, progress: progressFromProto(percent, message) };
    }),
  );
}

/** Settles the items that could be read and answers all of them, in order. */
export async function answerLeases<T>(
  items: readonly Read<T>[],
  settle: (accepted: readonly T[]) => Promise<readonly LeaseOutcome[]>,
): Promise<dispatchv1.LeaseResult[]> {
  const accepted: T[] = [];
  for (const read of items) if ('item' in read) accepted.push(read.item);
  const outcomes = await settle(accepted);
  let next = 0;
  return items.map((read) => {
    if ('refusal' in read) return leaseResult({ taskId: read.taskId, status: null, refusal: read.refusal });
    const outcome = outcomes[next++];
    return leaseResult(outcome ?? { taskId: read.taskId, status: null, refusal: leaseLost(read.taskId) });
  });
}

function leaseResult({ taskId, status, refusal }: LeaseOutcome): dispatchv1.LeaseResult {
  if (refusal) return { taskId, status: 0, error: refusalToRpc(refusal) };
  return { taskId, status: statusToProto(status), error: undefined };
}

function read<T>(ref: dispatchv1.LeaseRef | undefined, parse: (lease: LeaseRef) => T): Read<T> {
  const taskId = ref?.taskId ?? '';
  // A token or id that could never have been given out cannot be the current one.
  if (!ref || !TOKEN.test(ref.leaseToken) || !TASK_ID.test(taskId)) return { taskId, refusal: leaseLost(taskId) };
  try {
    return { taskId, item: parse({ taskId, token: ref.leaseToken }) };
  } catch (error) {
    if (error instanceof Refusal) return { taskId, refusal: error };
    throw error;
  }
}

function tooLarge(field: string, size: number, limit: number): Refusal {
  return new Refusal('PAYLOAD_TOO_LARGE', `${field} has ${size} bytes; at most ${limit} are accepted`, {
    field,
    size_bytes: String(size),
    limit_bytes: String(limit),
  });
}
