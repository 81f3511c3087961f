import { eventId, eventType, matchesTypes, subjectOf } from '@orrery/core';
import type { AuditRecord, AuditStore, Clock, ListAuditRecords, OrreryEvent } from '@orrery/core';
import { SortedList } from './sorted-list.ts';
import { takeWhere, takeWhile } from './take-where.ts';

interface Row extends AuditRecord {
  readonly id: string;
}

/** The audit trail in memory. */
export class MemoryAudit implements AuditStore {
  readonly #ids = new Set<string>();
  readonly #rows = new SortedList<Row>((a, b) => byTime({ at: a.event.at, position: a.position }, b));
  #last = 0n;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async record(events: readonly OrreryEvent[]): Promise<void> {
    const recordedAt = this.#clock.now();
    for (const event of events) {
      const id = eventId(event);
      if (this.#ids.has(id)) continue;
      this.#ids.add(id);
      this.#rows.add({ id, position: ++this.#last, event, recordedAt });
    }
  }

  async list(query: ListAuditRecords): Promise<readonly AuditRecord[]> {
    const rows = takeWhere(this.#rows, query.limit, (row) => matches(row, query));
    return rows.map(({ position, event, recordedAt }) => ({ position, event, recordedAt }));
  }

  async purge(before: Date, limit: number): Promise<number> {
    const old = takeWhile(this.#rows, limit, ({ event }) => event.at < before);
    for (const row of old) {
      this.#rows.remove(row);
      this.#ids.delete(row.id);
    }
    return old.length;
  }
}

function matches(
  row: Row,
  { namespace, subject, correlationId, from, before, types, after }: ListAuditRecords,
): boolean {
  const { event } = row;
  if (event.namespace !== namespace) return false;
  if (subject !== undefined && subjectOf(event) !== subject) return false;
  if (correlationId !== undefined && correlationOf(event) !== correlationId) return false;
  if (from && event.at < from) return false;
  if (before && event.at >= before) return false;
  if (types && types.length > 0 && !matchesTypes(types, eventType(event))) return false;
  return !after || byTime(after, row) < 0;
}

function correlationOf(event: OrreryEvent): string {
  return event.noun === 'task' ? event.correlationId : '';
}

function byTime(a: { readonly at: Date; readonly position: bigint }, b: Row): number {
  return a.at.getTime() - b.event.at.getTime() || Number(a.position - b.position);
}
