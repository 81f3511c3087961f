import type { LeaseRef, Payload } from '@orrery/core';
import { encodePayload, PayloadError } from '@orrery/rpc';
import { TaskError } from '@orrery/task-error';
import type { Outcome } from './outcome.ts';
import { type AbortWhy, TaskAbortedError } from './task-aborted-error.ts';

/** How a handler ended: `overdue` is one that still runs although it was asked to stop. */
export type HandlerEnd =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'overdue' };

/** What to say of an attempt; null: nothing, because the right to say anything is lost. */
export function decideOutcome(
  lease: LeaseRef,
  end: HandlerEnd,
  aborted: AbortWhy | null,
  facts: { readonly attempt: number; readonly maxPayloadBytes: number; readonly now: Date },
): Outcome | null {
  if (aborted === 'lease_lost') return null;
  if (aborted === 'cancelled' || aborted === 'timeout' || aborted === 'heartbeat_timeout')
    return { kind: 'failed', lease, error: stopped(aborted, facts) };
  // Work that was done in time is done, even if nobody waited for it any more.
  if (end.kind === 'returned') return returned(lease, end.value, facts);
  if (aborted === 'shutdown' || end.kind === 'overdue') return { kind: 'released', lease };
  return { kind: 'failed', lease, error: thrown(end.error, facts.attempt).toData() };
}

/** A failure that another attempt would meet again, e.g. params that cannot be read. */
export function permanentFailure(lease: LeaseRef, message: string, cause?: unknown): Outcome {
  const error = new TaskError({ message, errorType: 'validation', isRetryable: false, cause });
  return { kind: 'failed', lease, error: error.toData() };
}

function returned(lease: LeaseRef, value: unknown, { maxPayloadBytes }: { readonly maxPayloadBytes: number }): Outcome {
  let result: Payload | null;
  try {
    result = encodePayload(value);
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    return permanentFailure(lease, `the result cannot be sent: ${error.message}`, error);
  }
  const size = result?.data.byteLength ?? 0;
  if (size <= maxPayloadBytes) return { kind: 'completed', lease, result };
  return permanentFailure(lease, `the result is too large: ${size} bytes, at most ${maxPayloadBytes} are allowed`);
}

function thrown(error: unknown, attempt: number): TaskError {
  if (error instanceof TaskError) return TaskError.fromException(error);
  return TaskError.fromException(error, { retryCount: attempt - 1 });
}

function stopped(
  why: 'cancelled' | 'timeout' | 'heartbeat_timeout',
  { attempt, now }: { readonly attempt: number; readonly now: Date },
) {
  const errorType = why === 'cancelled' ? why : 'timeout';
  const { message } = new TaskAbortedError(why);
  return new TaskError({ message, errorType, retryCount: attempt - 1, timestamp: now }).toData();
}
