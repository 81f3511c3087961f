import { CandidateList, takeTurns } from '@orrery/core';
import type { Candidate, ClaimStrategy, ClaimTasks, FlowBudget, FlowPlace } from '@orrery/core';
import { ORDER, PARTS } from './claim-order.ts';
import type { Connection } from './database.ts';
import { IN_TIME, NOW, statement } from './statement.ts';

const FOUND = 'id, priority, type, created_at';

const keyed = byStrategy((strategy) =>
  statement(
    `find_keyed_${strategy.toLowerCase()}`,
    `select nth, found.* from unnest($3::text[], $4::text[], $5::text[], $6::int[]) with ordinality
      as source (source_queue, source_key, source_type, size, nth), lateral (
      select ${FOUND} from task
      where namespace = $2 and queue = source_queue and flow_key = source_key and type = source_type
        and status = 'PENDING' and ready and flow_key is not null and ${IN_TIME}
        and ($7::bigint is null or created_at <= ${NOW} - $7 * interval '1 millisecond')
      order by ${ORDER[strategy]} limit size) as found
    order by nth, ${ORDER[strategy]}`,
  ),
);

const unkeyed = byStrategy((strategy) =>
  statement(
    `find_unkeyed_${strategy.toLowerCase()}`,
    `select nth, found.* from unnest($3::text[], $4::int[]) with ordinality as source (source_queue, size, nth), lateral (
      select * from (${PARTS[strategy].map((part) => unkeyedPart(strategy, part)).join(' union all ')}) as parts
      order by ${ORDER[strategy]} limit size) as found
    order by nth, ${ORDER[strategy]}`,
  ),
);

function unkeyedPart(strategy: ClaimStrategy, part: string): string {
  return `(
      select ${FOUND} from task
      where namespace = $2 and queue = source_queue and status = 'PENDING' and ready and flow_key is null and ${part}
        and ${IN_TIME}
        and ($5::bigint is null or created_at <= ${NOW} - $5 * interval '1 millisecond')
        and (cardinality($6::text[]) = 0 or exists (
          select from unnest($6) as wanted (type) where ${matches('wanted.type')}))
        and not exists (
          select from unnest($7::text[], $8::text[]) as closed (queue, type)
          where closed.queue in ('', source_queue) and (closed.type = '' or ${matches('closed.type')}))
      order by ${ORDER[strategy]} limit size)`;
}

/** Whether the type of a task is one that a name, or a pattern, stands for. */
function matches(name: string): string {
  return `(task.type = ${name} or right(${name}, 2) = '.*' and task.type ^@ left(${name}, -1))`;
}

function byStrategy<T>(make: (strategy: ClaimStrategy) => T): Readonly<Record<ClaimStrategy, T>> {
  return { FIFO: make('FIFO'), LIFO: make('LIFO'), PRIORITY: make('PRIORITY') };
}

/** Where more of a list comes from: a queue, and in it one key and type, or all tasks without a key. */
interface Source {
  readonly list: CandidateList<Candidate>;
  readonly queue: string;
  readonly group: FlowPlace | null;
}

/** What a claim is to be given, in order, where keys take turns and limits hold; the budget is spent. */
export async function findCandidates(
  on: Connection,
  now: number,
  claim: ClaimTasks,
  groups: readonly FlowPlace[],
  budget: FlowBudget,
): Promise<readonly Candidate[]> {
  const { strategy, slots, afterKey = '' } = claim;
  const sources: readonly Source[] = [
    ...groups.map((group) => ({ list: new CandidateList(group.flowKey, { alike: true }), queue: group.queue, group })),
    ...claim.queues.map((queue) => ({ list: new CandidateList('', { alike: false }), queue, group: null })),
  ];
  const lists = sources.map(({ list }) => list);
  const turns = takeTurns(lists, { strategy, count: slots.length, afterKey }, budget);
  const share = Math.ceil(slots.length / sources.length) + 1;
  for (;;) {
    const { done, value } = turns.next();
    if (done) return value;
    // Those that soon will be dry as well, since each time costs a round trip.
    const low = sources.filter(({ list }) => list.isLow);
    const sized = low.map((source) => ({ ...source, size: source.list.size + Math.max(share, source.list.size) }));
    await addKeyed(on, now, claim, sized);
    await addUnkeyed(on, now, claim, sized, budget);
  }
}

type Sized = Source & { readonly size: number };

interface FoundRow {
  /** Which source it is of, counted from 1. */
  readonly nth: bigint;
  readonly id: string;
  readonly priority: number;
  /** In ms since 1970. */
  readonly created_at: number;
  readonly type: string;
}

async function addKeyed(on: Connection, now: number, claim: ClaimTasks, all: readonly Sized[]): Promise<void> {
  const sources = all.filter(({ group }) => group);
  if (sources.length === 0) return;
  const rows = await on.query<FoundRow>(keyed[claim.strategy], [
    now,
    claim.namespace,
    sources.map(({ queue }) => queue),
    sources.map(({ group }) => group?.flowKey),
    sources.map(({ group }) => group?.type),
    sources.map(({ size }) => size),
    claim.minAge?.toMillis() ?? null,
  ]);
  addFound(sources, rows);
}

async function addUnkeyed(
  on: Connection,
  now: number,
  claim: ClaimTasks,
  all: readonly Sized[],
  budget: FlowBudget,
): Promise<void> {
  const sources = all.filter(({ group }) => !group);
  if (sources.length === 0) return;
  const closed = budget.closed();
  const rows = await on.query<FoundRow>(unkeyed[claim.strategy], [
    now,
    claim.namespace,
    sources.map(({ queue }) => queue),
    sources.map(({ size }) => size),
    claim.minAge?.toMillis() ?? null,
    claim.types,
    closed.map(({ queue }) => queue),
    closed.map(({ type }) => type),
  ]);
  addFound(sources, rows);
}

function addFound(sources: readonly Sized[], rows: readonly FoundRow[]): void {
  const found = Map.groupBy(rows, ({ nth }) => Number(nth) - 1);
  sources.forEach(({ list, queue, size }, index) => {
    const own = found.get(index) ?? [];
    const tasks = own.map(({ id, priority, created_at, type }) => {
      return { id, priority, createdAt: new Date(created_at), queue, type, flowKey: list.flowKey };
    });
    list.add(tasks, { hasMore: own.length === size });
  });
}
