import {
  type dispatchv1,
  errorv1,
  payloadFromProto,
  refusalToRpc,
  statusToProto,
  taskErrorFromProto,
} from '@orrery/contracts';
import { type Completion, leaseLost, type LeaseOutcome, type LeaseRef, Refusal } from '@orrery/core';
import type { ReportedFailure } from './settle.ts';

const TOKEN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
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
      return { lease, result: payloadFromProto(completion.result) };
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
