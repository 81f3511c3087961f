import { compareIds, type ClaimTasks, type FlowPlace } from '@orrery/core';
import { FIRST_GROUP, groupsWanted, LAST_TYPE, MAX_GROUPS } from '../flow-groups.ts';
import type { Connection } from './database.ts';
import { statement } from './statement.ts';

const NEXT = `
  select flow_key, type from task
  where namespace = $1 and queue = wanted.queue and status = 'PENDING' and ready and flow_key is not null
    and (flow_key, type) >`;

/** Walks the index from each key and type to the next, so that it reads one row of each, however many tasks they have. */
const WALK = statement(
  'walk_flow_groups',
  `select wanted.queue, flow_key as "flowKey", type from unnest($2::text[]) as wanted (queue), lateral (
    with recursive seen as (
      (select *, 1 as nth from (${NEXT} ($3, $4) order by flow_key, type limit 1) as first)
      union all
      select next.*, nth + 1 from seen, lateral (
        ${NEXT} (seen.flow_key, seen.type) order by flow_key, type limit 1) as next where nth < $5)
    select flow_key, type from seen) as walked`,
);

/** Keys and types with ready tasks in some queues. */
export interface FoundGroups {
  /** Those that are open, from the key after the claim's on and then from the first: as many as a claim may need. */
  readonly open: readonly FlowPlace[];
  /** The queues that have any, open or not. */
  readonly queues: ReadonlySet<string>;
}

/** Looks for keys whose tasks a claim may be given. */
export async function findGroups(
  on: Connection,
  claim: ClaimTasks,
  isOpen: (group: FlowPlace) => boolean,
): Promise<FoundGroups> {
  const size = groupsWanted(claim);
  const walk = (queues: readonly string[], from: Pick<FlowPlace, 'flowKey' | 'type'>) =>
    on.query<FlowPlace>(WALK, [claim.namespace, queues, from.flowKey, from.type, size]);
  const { afterKey = '' } = claim;
  const start = afterKey === '' ? FIRST_GROUP : { flowKey: afterKey, type: LAST_TYPE };
  const first = Map.groupBy(await walk(claim.queues, start), ({ queue }) => queue);
  const open: FlowPlace[] = [];
  const found = new Set(first.keys());
  for (const queue of claim.queues) {
    const own: FlowPlace[] = [];
    let page = first.get(queue) ?? [];
    let hasWrapped = afterKey === '';
    for (let walked = page.length; ; walked += page.length) {
      own.push(...page.filter(isOpen));
      if (own.length >= size || walked >= MAX_GROUPS) break;
      const isLast = page.length < size;
      if (isLast && hasWrapped) break;
      hasWrapped ||= isLast;
      const next = await walk([queue], isLast ? FIRST_GROUP : (page.at(-1) ?? FIRST_GROUP));
      if (next.length > 0) found.add(queue);
      const beyond =
        hasWrapped && afterKey !== '' ? next.findIndex((each) => compareIds(each.flowKey, afterKey) > 0) : -1;
      page = beyond < 0 ? next : next.slice(0, beyond);
    }
    open.push(...own);
  }
  return { open, queues: found };
}
