import { Refusal, type FieldViolation, type RefusalReason } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { Status as Code } from 'nice-grpc-common';
import { durationFromProto, durationToProto } from './map-time.ts';
import { type Any, BadRequest, ErrorInfo, RetryInfo, Status } from './rpc.ts';

/** The domain of every `google.rpc.ErrorInfo` that Orrery sends. */
export const ERROR_DOMAIN = 'orrery.dev';

/** A refusal as gRPC carries it. */
export interface RefusalStatus {
  /** The gRPC status code. */
  readonly code: number;
  readonly message: string;
  /** An encoded google.rpc.Status, the value of `grpc-status-details-bin`. */
  readonly details: Uint8Array;
}

const CODE_BY_REASON: Readonly<Record<RefusalReason, Code>> = {
  INVALID_FIELD: Code.INVALID_ARGUMENT,
  INVALID_PAGE_TOKEN: Code.INVALID_ARGUMENT,
  PAYLOAD_TOO_LARGE: Code.INVALID_ARGUMENT,
  TASK_NOT_FOUND: Code.NOT_FOUND,
  TASK_ALREADY_EXISTS: Code.ALREADY_EXISTS,
  REQUEST_ID_REUSED: Code.ALREADY_EXISTS,
  DEDUP_KEY_TAKEN: Code.FAILED_PRECONDITION,
  TASK_TYPE_NOT_FOUND: Code.NOT_FOUND,
  TASK_TYPE_INACTIVE: Code.FAILED_PRECONDITION,
  NAMESPACE_NOT_FOUND: Code.NOT_FOUND,
  NAMESPACE_CLOSED: Code.FAILED_PRECONDITION,
  QUOTA_EXCEEDED: Code.RESOURCE_EXHAUSTED,
  ILLEGAL_TRANSITION: Code.FAILED_PRECONDITION,
  LEASE_LOST: Code.FAILED_PRECONDITION,
  TASK_CANCELLED: Code.FAILED_PRECONDITION,
  WORKER_NOT_FOUND: Code.NOT_FOUND,
  PROTOCOL_VIOLATION: Code.FAILED_PRECONDITION,
  SHUTTING_DOWN: Code.UNAVAILABLE,
  STORE_UNAVAILABLE: Code.UNAVAILABLE,
  SERVICE_UNAVAILABLE: Code.UNAVAILABLE,
  DEADLINE_EXCEEDED: Code.DEADLINE_EXCEEDED,
  INTERNAL: Code.INTERNAL,
  FLOW_LIMIT_NOT_FOUND: Code.NOT_FOUND,
  CURSOR_NOT_FOUND: Code.NOT_FOUND,
  CURSOR_IN_USE: Code.FAILED_PRECONDITION,
  SCHEDULE_NOT_FOUND: Code.NOT_FOUND,
  SCHEDULE_ALREADY_EXISTS: Code.ALREADY_EXISTS,
  SCHEDULE_BUSY: Code.FAILED_PRECONDITION,
};

const TYPE_URL = 'type.googleapis.com/google.rpc.';
const RETRY_DELAY = Duration.ofSeconds(1);
// Trailers beyond 8 KiB are dropped by some clients together with the status they carry.
const MAX_MESSAGE_CHARACTERS = 500;
const MAX_VIOLATION_CHARACTERS = 2_500;

/** The gRPC status code that goes with a reason. */
export function statusCodeOf(reason: RefusalReason): number {
  return CODE_BY_REASON[reason];
}

/**
 * A refusal as a google.rpc.Status, e.g. for one item of a batch; `retryDelay` goes with UNAVAILABLE that does not say itself when to try
 * again. Cuts what is too long.
 */
export function refusalToRpc(refusal: Refusal, retryDelay: Duration = RETRY_DELAY): Status {
  const code = CODE_BY_REASON[refusal.reason];
  const info = ErrorInfo.encode({ reason: refusal.reason, domain: ERROR_DOMAIN, metadata: refusal.metadata }).finish();
  const details: Any[] = [{ typeUrl: `${TYPE_URL}ErrorInfo`, value: info }];
  if (refusal.violations.length > 0) {
    const value = BadRequest.encode({ fieldViolations: violationsToProto(refusal.violations) }).finish();
    details.push({ typeUrl: `${TYPE_URL}BadRequest`, value });
  }
  const delay = refusal.retryAfter ?? (code === Code.UNAVAILABLE ? retryDelay : null);
  if (delay) {
    const value = RetryInfo.encode({ retryDelay: durationToProto(delay) }).finish();
    details.push({ typeUrl: `${TYPE_URL}RetryInfo`, value });
  }
  return { code, message: cut(refusal.message, MAX_MESSAGE_CHARACTERS), details };
}

/** Reads a refusal; null if the status has no ErrorInfo of ours, or one with a reason this version does not know. */
export function refusalFromRpc(status: Status): Refusal | null {
  let info: ErrorInfo | null = null;
  let violations: readonly FieldViolation[] = [];
  let retryAfter: Duration | null = null;
  for (const detail of status.details) {
    if (detail.typeUrl === `${TYPE_URL}ErrorInfo`) info = ErrorInfo.decode(detail.value);
    if (detail.typeUrl === `${TYPE_URL}BadRequest`) violations = violationsFromProto(detail.value);
    if (detail.typeUrl === `${TYPE_URL}RetryInfo`)
      retryAfter = durationFromProto(RetryInfo.decode(detail.value).retryDelay, 'retry_delay') ?? null;
  }
  if (info?.domain !== ERROR_DOMAIN || !isReason(info.reason)) return null;
  return new Refusal(info.reason, status.message, info.metadata, violations, retryAfter);
}

/** A refusal as gRPC carries it: code, message, and the value of `grpc-status-details-bin`. */
export function refusalToStatus(refusal: Refusal, retryDelay: Duration = RETRY_DELAY): RefusalStatus {
  const status = refusalToRpc(refusal, retryDelay);
  return { code: status.code, message: status.message, details: Status.encode(status).finish() };
}

/** Reads a refusal from the value of `grpc-status-details-bin`; null if it is missing, broken or not one of ours. */
export function refusalFromStatus(details: Uint8Array | undefined): Refusal | null {
  if (details === undefined) return null;
  try {
    return refusalFromRpc(Status.decode(details));
  } catch {
    // Errors about errors help nobody: what cannot be read is as good as missing.
    return null;
  }
}

function violationsToProto(violations: readonly FieldViolation[]): BadRequest['fieldViolations'] {
  const kept: BadRequest['fieldViolations'] = [];
  let left = MAX_VIOLATION_CHARACTERS;
  for (const violation of violations) {
    const field = cut(violation.field, MAX_MESSAGE_CHARACTERS);
    const description = cut(violation.description, MAX_MESSAGE_CHARACTERS);
    left -= field.length + description.length;
    if (left < 0) break;
    kept.push({ field, description, reason: '', localizedMessage: undefined });
  }
  return kept;
}

function violationsFromProto(value: Uint8Array): FieldViolation[] {
  return BadRequest.decode(value).fieldViolations.map(({ field, description }) => ({ field, description }));
}

function isReason(reason: string): reason is RefusalReason {
  return Object.hasOwn(CODE_BY_REASON, reason);
}

/** Well-formed as well: gRPC cannot send a lone surrogate. */
function cut(text: string, characters: number): string {
  return (text.length <= characters ? text : `${text.slice(0, characters - 1)}…`).toWellFormed();
}
