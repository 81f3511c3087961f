import { type dispatchv1, payloadToProto, taskErrorToProto } from '@orrery/contracts';
import type { LeaseRef, Payload } from '@orrery/core';
import type { TaskErrorData } from '@orrery/task-error';

/** What came of an attempt. */
export type Outcome =
  | { readonly kind: 'completed'; readonly lease: LeaseRef; readonly result: Payload | null }
  | { readonly kind: 'failed'; readonly lease: LeaseRef; readonly error: TaskErrorData }
  | { readonly kind: 'released'; readonly lease: LeaseRef };

/** Outcomes as they go over the wire. */
export function toWorkOutcomes(outcomes: readonly Outcome[]): dispatchv1.WorkOutcomes {
  const message: dispatchv1.WorkOutcomes = { completions: [], failures: [], releases: [] };
  for (const outcome of outcomes) {
    const lease = toLeaseRef(outcome.lease);
    if (outcome.kind === 'released') message.releases.push(lease);
    else if (outcome.kind === 'failed') message.failures.push({ lease, error: taskErrorToProto(outcome.error) });
    else message.completions.push({ lease, result: outcome.result ? payloadToProto(outcome.result) : undefined });
  }
  return message;
}

/** A lease's name as it goes over the wire. */
export function toLeaseRef({ taskId, token }: LeaseRef): dispatchv1.LeaseRef {
  return { taskId, leaseToken: token };
}

/** About how many bytes an outcome takes up in a message. */
export function sizeOfOutcome(outcome: Outcome): number {
  if (outcome.kind === 'completed') return 256 + (outcome.result?.data.byteLength ?? 0);
  if (outcome.kind === 'failed') return 4_096 + outcome.error.message.length + (outcome.error.traceback?.length ?? 0);
  return 256;
}
