import { refusalToStatus } from '@orrery/contracts';
import type { Refusal } from '@orrery/core';
import { type CallContext, ServerError } from 'nice-grpc-common';

/** What a server in a spec throws to refuse a call with details. */
export function refuseCall(context: CallContext, refusal: Refusal): ServerError {
  const { code, message, details } = refusalToStatus(refusal);
  context.trailer.set('grpc-status-details-bin', details);
  return new ServerError(code, message);
}
