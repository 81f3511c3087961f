import { type CreationQuota, namespaceClosed, type NamespaceQuotas } from '@orrery/core';
import { Checks, currentCall, currentTraceparent } from '@orrery/service';
import type { RequestContext } from './parse-task-spec.ts';

/**
 * What a call says of the tasks it creates, and what its namespace does. The correlation id that was made for the call is theirs only where
 * they belong together: tasks that came each for itself may have been gathered from callers who know nothing of each other.
 */
export function readContext(
  namespace: string,
  { maxPayloadBytes, definitions }: Pick<RequestContext, 'maxPayloadBytes' | 'definitions'>,
  { belongTogether }: { readonly belongTogether: boolean },
): RequestContext {
  const checks = new Checks();
  const name = checks.name('namespace', namespace, { default: 'default' });
  checks.done();
  const quotas = definitions.namespaceOf(name)?.quotas;
  const call = currentCall();
  const correlationId = call && (call.correlationIdIsCallers || belongTogether) ? call.correlationId : '';
  return {
    namespace: name,
    correlationId,
    traceparent: currentTraceparent(),
    maxPayloadBytes: Math.min(maxPayloadBytes, quotas?.maxPayloadBytes ?? Infinity),
    quota: quotas && creationQuota(quotas),
    definitions,
  };
}

/** Refuses with NAMESPACE_CLOSED what would bring something new into a namespace that is closed. */
export function assertOpen({ namespace, definitions }: Pick<RequestContext, 'namespace' | 'definitions'>): void {
  if (definitions.namespaceOf(namespace)?.closed) throw namespaceClosed(namespace);
}

function creationQuota({ maxLiveTasks, createRate }: NamespaceQuotas): CreationQuota | undefined {
  return maxLiveTasks === null && createRate === null ? undefined : { maxLiveTasks, createRate };
}
