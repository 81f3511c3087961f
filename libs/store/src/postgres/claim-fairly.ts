import { randomUUID } from 'node:crypto';
import { concernsQueues, FlowBudget, matchesTypes } from '@orrery/core';
import type { ClaimTasks, FlowPlace, FlowUse, RateUse, RunningCount, Task } from '@orrery/core';
import { FLOW_LIMIT_COLUMNS, toFlowLimit, toRateUse } from '../flow-row.ts';
import type { FlowLimitRow, FlowRateRow } from '../flow-row.ts';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import type { Connection, Database } from './database.ts';
import { findCandidates } from './find-candidates.ts';
import { findGroups } from './find-groups.ts';
import type { PostgresFlow } from './postgres-flow.ts';
import { eventJson, IN_TIME, NOW, statement, toMillis } from './statement.ts';

/** Claims that share take turns within a namespace: each sees all that the ones before it have taken. */
const LOCK = statement('lock_flow', `select pg_advisory_xact_lock(hashtextextended('orrery flow ' || $1, 0))`);

/** A statement of its own, after the lock, so that it sees what was committed while the lock was waited for. */
const LIMITS = statement(
  'read_flow_limits',
  `select now, ${FLOW_LIMIT_COLUMNS.map((column) => `flow_limit.${column}`).join(', ')}
  from (select coalesce($1::bigint, ${toMillis('clock_timestamp()')})::float8 as now) as clock
  left join flow_limit on namespace = $2`,
);

const RUNNING = statement(
  'count_running',
  `select queue, type, coalesce(flow_key, '') as "flowKey", count(*)::int as count from task
  where namespace = $1 and status = 'RUNNING' group by 1, 2, 3`,
);

/** Where each key has its limits to itself nobody needs to look at tasks without one. */
const RUNNING_KEYED = statement(
  'count_running_keyed',
  `select queue, type, flow_key as "flowKey", count(*)::int as count from task
  where namespace = $1 and status = 'RUNNING' and flow_key is not null group by 1, 2, 3`,
);

const RATES = statement(
  'read_flow_rates',
  'select limit_name, flow_key, full_at from flow_rate where namespace = $1 and full_at > $2',
);

const KEEP_RATES = statement(
  'keep_flow_rates',
  `insert into flow_rate (namespace, limit_name, flow_key, full_at)
  select $1, * from unnest($2::text[], $3::text[], $4::float8[])
  on conflict (namespace, limit_name, flow_key) do update set full_at = excluded.full_at`,
);

/** Takes chosen tasks; those that a plain claim, or a person's command, took meanwhile are left out. */
const CLAIM = statement(
  'claim_chosen',
  `with due as materialized (
    select task.namespace, task.id, nth
    from (select $2::text as namespace, * from unnest($3::text[]) with ordinality as item (id, nth) offset 0) as chosen
    join task on task.namespace = chosen.namespace and task.id = chosen.id
    where status = 'PENDING' and ready and ${IN_TIME}
    for update of task skip locked),
  taken as materialized (select namespace, id, row_number() over (order by nth) as slot from due),
  claimed as (
    update task set status = 'RUNNING', attempt = attempt + 1, worker_id = ($4::text[])[slot], lease_token = $5,
      lease_expires_at = ${NOW} + $6::bigint * interval '1 millisecond', started_at = ${NOW}, updated_at = ${NOW},
      revision = revision + 1
    from taken
    where task.namespace = taken.namespace and task.id = taken.id
    returning taken.slot, task.*),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(${eventJson(`'started'`)}) from claimed having count(*) > 0)
  select ${TASK_COLUMNS.join(', ')} from claimed order by slot`,
);

const EPOCH = new Date(0);

/**
 * Gives ready tasks to workers where keys take turns and limits hold. One such claim at a time in a namespace, in several statements:
 * what runs is counted from the tasks themselves, and which tasks are taken is decided by `takeTurns`. A claim is a few round
 * trips, whether it is for one task or for 500.
 */
export function claimFairly(database: Database, flow: PostgresFlow, request: ClaimTasks): Promise<readonly Task[]> {
  const claim = { ...request, queues: [...new Set(request.queues)] };
  return flow.claims.take(claim.namespace, () =>
    database.transaction(async (connection) => {
      await connection.query(LOCK, [claim.namespace]);
      const limits = await connection.query<FlowLimitRow & { readonly now: number }>(LIMITS, [
        database.now(),
        claim.namespace,
      ]);
      const now = limits[0]?.now ?? NaN;
      const use = await readUse(connection, claim, limits, now);
      const budget = new FlowBudget(use, new Date(now));
      const isOpen = (group: FlowPlace) => matchesTypes(claim.types, group.type) && budget.admits(group);
      const { open, queues } = await findGroups(connection, claim, isOpen);
      flow.noteKeyed(claim.namespace, claim.queues, queues);
      const chosen = await findCandidates(connection, now, claim, open, budget);
      if (chosen.length === 0) return [];
      await keepRates(connection, claim.namespace, budget.rateUses());
      const rows = await connection.query<TaskRow>(CLAIM, [
        now,
        claim.namespace,
        chosen.map(({ id }) => id),
        claim.slots,
        randomUUID(),
        claim.leaseDuration.addTo(EPOCH).getTime(),
      ]);
      return rows.map(toTask);
    }),
  );
}

async function readUse(
  on: Connection,
  { namespace, queues }: ClaimTasks,
  rows: readonly FlowLimitRow[],
  now: number,
): Promise<FlowUse> {
  // Without any limit there is one row, of nulls.
  const all = rows.filter(({ name }) => (name as string | null) !== null).map(toFlowLimit);
  const limits = all.filter((limit) => concernsQueues(limit, queues));
  const counting = limits.filter(({ maxRunning }) => maxRunning !== null);
  const count = counting.every(({ perKey }) => perKey) ? RUNNING_KEYED : RUNNING;
  const rates = limits.some(({ rate }) => rate);
  return {
    limits,
    running: counting.length > 0 ? await on.query<RunningCount>(count, [namespace]) : [],
    rates: rates ? (await on.query<FlowRateRow>(RATES, [namespace, now])).map(toRateUse) : [],
  };
}

async function keepRates(on: Connection, namespace: string, uses: readonly RateUse[]): Promise<void> {
  if (uses.length === 0) return;
  await on.query(KEEP_RATES, [
    namespace,
    uses.map(({ limit }) => limit),
    uses.map(({ flowKey }) => flowKey),
    uses.map(({ fullAt }) => fullAt),
  ]);
}
