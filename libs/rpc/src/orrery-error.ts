import { refusalFromRpc, refusalFromStatus, type rpc } from '@orrery/contracts';
import type { FieldViolation, Refusal } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { ClientError, type Metadata, Status } from 'nice-grpc-common';

/** The name of a gRPC status, e.g. "NOT_FOUND". */
export type StatusName = keyof typeof Status;

/** What an OrreryError is made of. */
export interface OrreryErrorInit {
  readonly code: StatusName;
  readonly reason: string;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly FieldViolation[];
  readonly retryAfter?: Duration | undefined;
  readonly cause?: unknown;
}

/** A call failed: the server refused it, or could not be reached. */
export class OrreryError extends Error {
  override readonly name = 'OrreryError';
  /** The gRPC status. */
  readonly code: StatusName;
  /** Why, as a stable word, e.g. "TASK_NOT_FOUND"; the status's name where the server gave none. */
  readonly reason: string;
  /** Facts about the reason, e.g. the task's id. */
  readonly metadata: Readonly<Record<string, string>>;
  /** With INVALID_FIELD: every field that is wrong. */
  readonly violations: readonly FieldViolation[];
  /** When the server thinks that another try is worth it. */
  readonly retryAfter: Duration | undefined;

  constructor({ code, reason, message, metadata = {}, violations = [], retryAfter, cause }: OrreryErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.reason = reason;
    this.metadata = metadata;
    this.violations = violations;
    this.retryAfter = retryAfter;
  }
}

/** A status from within a reply, e.g. the refusal of one task of a batch, as an error. */
export function errorFromStatus(status: rpc.Status): OrreryError {
  const code = statusName(status.code);
  const refusal = refusalFromRpc(status);
  return refusal ? refused(code, refusal) : new OrreryError({ code, reason: code, message: status.message });
}

/** What a call threw as an OrreryError, with the details of the trailer; what is none of gRPC's errors stays what it is. */
export function errorFromCall(thrown: unknown, trailer: Metadata | undefined): unknown {
  if (!(thrown instanceof ClientError)) return thrown;
  const code = statusName(thrown.code);
  const details = trailer?.get('grpc-status-details-bin');
  const refusal = refusalFromStatus(details instanceof Uint8Array ? details : undefined);
  if (refusal) return refused(code, refusal);
  return new OrreryError({ code, reason: code, message: thrown.details, cause: thrown });
}

/** Whether another try may succeed by itself: the server could not be reached, or asked to come again. */
export function isUnavailable(error: unknown): error is OrreryError {
  return error instanceof OrreryError && error.code === 'UNAVAILABLE';
}

const FINAL: ReadonlySet<StatusName> = new Set([
  'INVALID_ARGUMENT',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'UNIMPLEMENTED',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
]);

/** Whether a stream that ended with this error would end so again. Anything else is a reason to open it anew. */
export function isFinal(error: unknown): boolean {
  return !(error instanceof OrreryError) || FINAL.has(error.code);
}

function statusName(code: number): StatusName {
  return (Status[code] as StatusName | undefined) ?? 'UNKNOWN';
}

function refused(code: StatusName, refusal: Refusal): OrreryError {
  const { reason, message, metadata, violations } = refusal;
  const retryAfter = refusal.retryAfter ?? undefined;
  return new OrreryError({ code, reason, message, metadata, violations, retryAfter, cause: refusal });
}
