import { Checks } from '@orrery/service';
import type { CallContext } from 'nice-grpc-common';
import type { RequestContext } from './parse-task-spec.ts';

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const CORRELATION_ID = /^[\x20-\x7e]{1,255}$/;

/** What the call's metadata says: correlation id and W3C trace context; malformed ones are left out, as the standard asks. */
export function readContext(namespace: string, { metadata }: CallContext, maxPayloadBytes: number): RequestContext {
  const checks = new Checks();
  const name = checks.name('namespace', namespace, { default: 'default' });
  checks.done();
  const traceparent = metadata.get('traceparent') ?? '';
  const correlationId = metadata.get('x-correlation-id') ?? '';
  return {
    namespace: name,
    correlationId: CORRELATION_ID.test(correlationId) ? correlationId : '',
    traceparent: TRACEPARENT.test(traceparent) ? traceparent : '',
    maxPayloadBytes,
  };
}
