import type { TaskEvent } from '@orrery/core';

/** As much of an event as the ledger keeps. */
export type LedgerEvent = Pick<TaskEvent, 'sequence' | 'kind' | 'status'>;

/**
 * What is wrong with the events of one task, in the order of their arrival. They may arrive more than once, but each for the first
 * time behind those before it, and none may be missing.
 */
export function eventProblems(events: readonly LedgerEvent[]): readonly string[] {
  const problems: string[] = [];
  const seen = new Map<number, LedgerEvent>();
  let latest = 0;
  for (const event of events) {
    const known = seen.get(event.sequence);
    if (known) {
      if (known.kind !== event.kind)
        problems.push(`has two events ${event.sequence}: "${known.kind}" and "${event.kind}"`);
      continue;
    }
    seen.set(event.sequence, event);
    if (event.sequence < latest) problems.push(`was told of by event ${event.sequence} only after event ${latest}`);
    latest = Math.max(latest, event.sequence);
  }
  const missing = Array.from({ length: latest }, (_, index) => index + 1).filter((sequence) => !seen.has(sequence));
  if (missing.length > 0) problems.push(`lacks event ${missing.join(', ')} of ${latest}`);
  return problems;
}
