import { randomUUID } from 'node:crypto';
import type { ClaimStrategy, ClaimTasks, Task } from '@orrery/core';
import { toTask, type TaskRow } from '../task-row.ts';
import { claimFairly } from './claim-fairly.ts';
import type { ClaimFloors, From } from './claim-floors.ts';
import { ORDER, PARTS, PLAIN } from './claim-order.ts';
import type { Database } from './database.ts';
import type { PostgresFlow } from './postgres-flow.ts';
import { eventJson, fromMillis, IN_TIME, NOW, statement, type Statement } from './statement.ts';

/** What a claim changes is known without asking, and what cannot be set before it either. */
const ASKED = [
  'id',
  'queue',
  'type',
  'params',
  'params_type',
  'priority',
  'options',
  'labels',
  'correlation_id',
  'traceparent',
  'parent_task_id',
  'run_at',
  'attempt',
  'max_attempts',
  'lease_expires_at',
  'error',
  'failed_attempts',
  'created_at',
  'revision',
] as const satisfies readonly (keyof TaskRow)[];

/**
 * One statement that takes the first ready tasks nobody else is taking. The partial indexes hold ready tasks only and in the
 * order asked for, so that it reads as many rows as it takes, whatever else there is; SKIP LOCKED lets claims run side by side.
 * Each queue is read on its own, for an index gives its order for one queue at a time. Tasks without a priority are looked for from
 * the claim's floor on.
 */
function claim(strategy: ClaimStrategy, oneQueue: boolean, anyType: boolean): Statement {
  const part = (queue: string, priority: string) => `
    select * from (
      select namespace, id, priority, created_at from task
      where namespace = $2 and queue = ${queue} and status = 'PENDING' and ready and flow_key is null and ${priority}
        ${priority === PLAIN ? `and created_at >= ${fromMillis('$7::bigint')}` : ''}
        and not exists (select from keyed) and ${IN_TIME}
        ${anyType ? '' : 'and (type = any($8::text[]) or type ^@ any($9::text[]))'}
      order by ${ORDER[strategy]}
      limit cardinality($4::text[])
      for update skip locked) as part`;
  const ready = (queue: string) => PARTS[strategy].map((priority) => part(queue, priority)).join(' union all ');
  // Of the parts by priority no more is read than is taken; the others are all read, and the first are taken.
  const limit = strategy === 'PRIORITY' ? 'limit cardinality($4::text[])' : '';
  const due = oneQueue
    ? `${ready('($3::text[])[1]')} ${limit}`
    : `select due.* from unnest($3::text[]) as wanted (queue), lateral (${ready('wanted.queue')} ${limit}) as due`;
  return statement(
    `claim_${strategy.toLowerCase()}${oneQueue ? '' : '_queues'}${anyType ? '' : '_types'}`,
    `with keyed as materialized (
      select wanted.queue from unnest($3::text[]) as wanted (queue), lateral (
        select from task
        where namespace = $2 and task.queue = wanted.queue and status = 'PENDING' and ready and flow_key is not null
        limit 1) as found),
    due as materialized (${due}),
    taken as materialized (
      select namespace, id, row_number() over (order by ${ORDER[strategy]}) as slot from due
      order by slot limit cardinality($4::text[])),
    claimed as (
      update task set status = 'RUNNING', attempt = attempt + 1, worker_id = ($4::text[])[slot], lease_token = $5,
        lease_expires_at = ${NOW} + $6::bigint * interval '1 millisecond', started_at = ${NOW}, updated_at = ${NOW},
        revision = revision + 1
      from taken
      where task.namespace = taken.namespace and task.id = taken.id
      returning taken.slot, worker_id, ${ASKED.map((column) => `task.${column}`).join(', ')}),
    told as (
      insert into outbox (namespace, at, events)
      select $2, ${NOW}, json_agg(${eventJson(`'started'`)}) from claimed having count(*) > 0)
    select ${ASKED.map((column) => `claimed.${column}`).join(', ')}, keyed.queue as keyed
    from claimed full join keyed on false order by slot`,
  );
}

const statements = new Map<string, Statement>();

function claimStatement(strategy: ClaimStrategy, oneQueue: boolean, anyType: boolean): Statement {
  const key = `${strategy} ${oneQueue} ${anyType}`;
  const known = statements.get(key);
  if (known) return known;
  const made = claim(strategy, oneQueue, anyType);
  statements.set(key, made);
  return made;
}

const EPOCH = new Date(0);

/** Gives ready tasks to workers. */
export async function claimTasks(
  database: Database,
  flow: PostgresFlow,
  floors: ClaimFloors,
  request: ClaimTasks,
): Promise<readonly Task[]> {
  const queues = [...new Set(request.queues)];
  if (queues.length === 0 || request.slots.length === 0) return [];
  if (request.minAge || (await flow.mustShare(request.namespace, queues))) return claimFairly(database, flow, request);
  const token = randomUUID();
  const lease = request.leaseDuration.addTo(EPOCH).getTime();
  const floor = floors.of(JSON.stringify([request.strategy, request.namespace, queues, request.types]));
  const look = async (atEverything?: boolean) => {
    const startedAt = performance.now();
    const begun = floor.begin(startedAt, atEverything);
    const found = await claimFrom(database, { ...request, queues }, begun.from, token, lease);
    const endedAt = performance.now();
    floor.end(begun, oldestPlain(found, request.strategy), { startedAt, endedAt });
    return { found, again: found.length === 0 && floor.looksAgain(begun, endedAt) };
  };
  const first = await look();
  const rows = first.again ? (await look(true)).found : first.found;
  // Where there are keyed tasks nothing was claimed: their keys have their turns.
  if (rows[0]?.keyed) return claimFairly(database, flow, request);
  return rows.map((row, slot) => {
    const now = row.lease_expires_at - lease;
    return toTask({
      ...row,
      ...NOT_YET,
      namespace: request.namespace,
      status: 'RUNNING',
      worker_id: request.slots[slot] ?? '',
      lease_token: token,
      updated_at: now,
      started_at: now,
    });
  });
}

function claimFrom(
  database: Database,
  { namespace, queues, slots, strategy, types }: ClaimTasks,
  from: From,
  token: string,
  lease: number,
): Promise<readonly ClaimedRow[]> {
  const values = [database.now(), namespace, queues, slots, token, lease, from ?? 0];
  const anyType = types.length === 0;
  return database.query<ClaimedRow>(
    claimStatement(strategy, queues.length === 1, anyType),
    anyType ? values : [...values, exact(types), prefixes(types)],
  );
}

/** When the oldest task without a priority was created that was ready: the first that was taken, unless the last are taken first. */
function oldestPlain(rows: readonly ClaimedRow[], strategy: ClaimStrategy): From {
  if (strategy === 'LIFO') return null;
  return rows.find(({ keyed, priority }) => keyed === null && priority === 0)?.created_at ?? null;
}

type ClaimedRow = Pick<TaskRow, Exclude<(typeof ASKED)[number], 'lease_expires_at'>> & {
  readonly lease_expires_at: number;
  /** Where there are keyed tasks: one of their queues. */
  readonly keyed: string | null;
};

const NOT_YET = {
  flow_key: null,
  cancel_requested_at: null,
  progress: null,
  heartbeat_at: null,
  result: null,
  result_type: null,
  finished_at: null,
};

function exact(types: readonly string[]): string[] {
  return types.filter((type) => !type.endsWith('.*'));
}

/** What the types below "X.*" begin with: "X.". */
function prefixes(types: readonly string[]): string[] {
  return types.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1));
}
