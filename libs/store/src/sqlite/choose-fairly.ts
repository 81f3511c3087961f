import { CandidateList, compareIds, FlowBudget, matchesTypes, takeTurns } from '@orrery/core';
import type { Candidate, ClaimTasks, FlowPlace } from '@orrery/core';
import type { SQLInputValue } from 'node:sqlite';
import { FIRST_GROUP, groupsWanted, LAST_TYPE, MAX_GROUPS } from '../flow-groups.ts';
import { ORDER, PARTS } from './claim-order.ts';
import { keepRates, readFlowUse } from './sqlite-flow.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { typeMatches } from './type-matches.ts';

const READY = `status = 'PENDING' AND ready`;
const KEYED = `${READY} AND flow_key IS NOT NULL`;

const IS_CONTROLLED = `
  SELECT EXISTS (SELECT 1 FROM flow_limit WHERE namespace = ?1) OR EXISTS (
    SELECT 1 FROM json_each(?2) AS wanted
    WHERE EXISTS (SELECT 1 FROM task WHERE namespace = ?1 AND queue = wanted.value AND ${KEYED})) AS controlled`;

const NEXT_GROUP = `
  SELECT flow_key AS flowKey, type FROM task
  WHERE namespace = ? AND queue = ? AND ${KEYED} AND (flow_key, type) > (?, ?) ORDER BY flow_key, type LIMIT 1`;

/** A task that may be claimed, and where its row is. */
interface CandidateRow extends Candidate {
  readonly rowid: number;
}

/** Where more of a list comes from. */
interface Source {
  readonly list: CandidateList<CandidateRow>;
  readonly read: (limit: number) => readonly CandidateRow[];
}

/** Whether a claim must share: some of the namespace's tasks are limited, or there are keys that take turns. */
export function mustShare({ db }: SqliteTransaction, { namespace, queues }: ClaimTasks): boolean {
  return db.get<{ readonly controlled: number }>(IS_CONTROLLED, namespace, JSON.stringify(queues))?.controlled === 1;
}

/** The rows that a claim is given where keys take turns and limits hold; the budget is spent. */
export function chooseFairly(tx: SqliteTransaction, claim: ClaimTasks): readonly number[] {
  const { namespace, strategy, slots, afterKey = '' } = claim;
  const queues = [...new Set(claim.queues)];
  const budget = new FlowBudget(readFlowUse(tx, namespace, queues), tx.now);
  const isOpen = (group: FlowPlace) => matchesTypes(claim.types, group.type) && budget.admits(group);
  const sources = queues.flatMap((queue) => [
    ...findGroups(tx, claim, queue, isOpen).map((group) => keyedSource(tx, claim, group)),
    unkeyedSource(tx, claim, queue, budget),
  ]);
  const lists = sources.map(({ list }) => list);
  const turns = takeTurns(lists, { strategy, count: slots.length, afterKey }, budget);
  const share = Math.ceil(slots.length / sources.length) + 1;
  for (;;) {
    const { done, value } = turns.next();
    if (done) {
      keepRates(tx, namespace, budget.rateUses());
      return value.map(({ rowid }) => rowid);
    }
    for (const { list, read } of sources) {
      if (!list.isDry) continue;
      const limit = list.size + Math.max(share, list.size);
      const rows = read(limit);
      list.add(rows, { hasMore: rows.length === limit });
    }
  }
}

/** The open keys and types of ready tasks, from the key after the claim's on and then from the first: one look at the index for each. */
function findGroups(
  { db }: SqliteTransaction,
  claim: ClaimTasks,
  queue: string,
  isOpen: (group: FlowPlace) => boolean,
): readonly FlowPlace[] {
  const { namespace, afterKey = '' } = claim;
  const size = groupsWanted(claim);
  const open: FlowPlace[] = [];
  let walked = 0;
  const walk = (start: Pick<FlowPlace, 'flowKey' | 'type'>, isWithin: (flowKey: string) => boolean): void => {
    let last = start;
    while (open.length < size && walked++ < MAX_GROUPS) {
      const next = db.get<Pick<FlowPlace, 'flowKey' | 'type'>>(NEXT_GROUP, namespace, queue, last.flowKey, last.type);
      if (!next || !isWithin(next.flowKey)) return;
      last = next;
      const group = { queue, ...next };
      if (isOpen(group)) open.push(group);
    }
  };
  if (afterKey !== '') walk({ flowKey: afterKey, type: LAST_TYPE }, () => true);
  walk(FIRST_GROUP, (flowKey) => afterKey === '' || compareIds(flowKey, afterKey) <= 0);
  return open;
}

function keyedSource(tx: SqliteTransaction, claim: ClaimTasks, group: FlowPlace): Source {
  const { queue, type, flowKey } = group;
  return {
    list: new CandidateList(flowKey, { alike: true }),
    read: (limit) =>
      readCandidates(tx, claim, limit, (place) => {
        return [`queue = ${place(queue)} AND flow_key = ${place(flowKey)} AND type = ${place(type)} AND ${KEYED}`];
      }),
  };
}

function unkeyedSource(tx: SqliteTransaction, claim: ClaimTasks, queue: string, budget: FlowBudget): Source {
  return {
    list: new CandidateList('', { alike: false }),
    read: (limit) =>
      readCandidates(tx, claim, limit, (place) => {
        const closed = budget.closed().filter((each) => each.queue === '' || each.queue === queue);
        if (closed.some(({ type }) => type === '')) return ['FALSE'];
        const wanted = claim.types.length > 0 ? ` AND ${typeMatches(claim.types, place)}` : '';
        const types = closed.map(({ type }) => type);
        const open = types.length > 0 ? ` AND NOT ${typeMatches(types, place)}` : '';
        const ready = `queue = ${place(queue)} AND ${READY} AND flow_key IS NULL`;
        return PARTS[claim.strategy].map((part) => `${ready} AND ${part}${wanted}${open}`);
      }),
  };
}

/** The first rows of the parts that `where` tells of, each of which has an index in the order asked for. */
function readCandidates(
  { db, now }: SqliteTransaction,
  { namespace, strategy, minAge }: ClaimTasks,
  limit: number,
  where: (place: (value: SQLInputValue) => string) => readonly string[],
): readonly CandidateRow[] {
  const values: SQLInputValue[] = [];
  const place = (value: SQLInputValue) => `?${values.push(value)}`;
  const old = minAge ? ` AND created_at <= ${place(now.getTime() - minAge.toMillis())}` : '';
  const at = place(now.getTime());
  const due = `namespace = ${place(namespace)} AND run_at <= ${at} AND (start_by IS NULL OR start_by > ${at})${old}`;
  const selects = where(place).map(
    (part) => `SELECT t.rowid AS rowid, id, queue, type, coalesce(flow_key, '') AS flowKey, priority, created_at
      FROM task AS t WHERE ${due} AND ${part}`,
  );
  const rows = db.all<Omit<CandidateRow, 'createdAt'> & { readonly created_at: number }>(
    `${selects.join(' UNION ALL ')} ORDER BY ${ORDER[strategy]} LIMIT ${place(limit)}`,
    ...values,
  );
  return rows.map(({ created_at, ...row }) => ({ ...row, createdAt: new Date(created_at) }));
}
