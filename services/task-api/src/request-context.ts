import { Checks, currentCall, currentTraceparent } from '@orrery/service';
import type { RequestContext } from './parse-task-spec.ts';

/**
 * What a call says of the tasks it creates. The correlation id that was made for the call is theirs only where they belong together:
 * tasks that came each for itself may have been gathered from callers who know nothing of each other.
 */
export function readContext(
  namespace: string,
  { maxPayloadBytes, definitions }: Pick<RequestContext, 'maxPayloadBytes' | 'definitions'>,
  { belongTogether }: { readonly belongTogether: boolean },
): RequestContext {
  const checks = new Checks();
  const name = checks.name('namespace', namespace, { default: 'default' });
  checks.done();
  const call = currentCall();
  const correlationId = call && (call.correlationIdIsCallers || belongTogether) ? call.correlationId : '';
  return { namespace: name, correlationId, traceparent: currentTraceparent(), maxPayloadBytes, definitions };
}
