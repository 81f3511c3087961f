import { randomUUID } from 'node:crypto';
import type { ClaimStrategy, ClaimTasks, Task } from '@orrery/core';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import type { Database } from './database.ts';
import { eventJson, NOW, statement, type Statement } from './statement.ts';

const ORDER: Readonly<Record<ClaimStrategy, string>> = {
  FIFO: 'created_at, id',
  LIFO: 'created_at desc, id desc',
  PRIORITY: 'priority desc, created_at, id',
};

/**
 * One statement that takes the first ready tasks nobody else is taking. The partial indexes hold ready tasks only and in the
 * order asked for, so that it reads as many rows as it takes, whatever else there is; SKIP LOCKED lets claims run side by side.
 * Each queue is read on its own, for an index gives its order for one queue at a time.
 */
function claim(strategy: ClaimStrategy, oneQueue: boolean, anyType: boolean): Statement {
  const ready = (queue: string) => `
    select namespace, id, priority, created_at from task
    where namespace = $2 and queue = ${queue} and status = 'PENDING' and ready
      ${anyType ? '' : 'and (type = any($7::text[]) or type ^@ any($8::text[]))'}
    order by ${ORDER[strategy]}
    limit cardinality($4::text[])
    for update skip locked`;
  const due = oneQueue
    ? ready('($3::text[])[1]')
    : `select due.* from unnest($3::text[]) as wanted (queue), lateral (${ready('wanted.queue')}) as due`;
  return statement(
    `claim_${strategy.toLowerCase()}${oneQueue ? '' : '_queues'}${anyType ? '' : '_types'}`,
    `with due as materialized (${due}),
    taken as materialized (
      select namespace, id, row_number() over (order by ${ORDER[strategy]}) as slot from due
      order by slot limit cardinality($4::text[])),
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
export async function claimTasks(database: Database, request: ClaimTasks): Promise<readonly Task[]> {
  const queues = [...new Set(request.queues)];
  if (queues.length === 0 || request.slots.length === 0) return [];
  const anyType = request.types.length === 0;
  const rows = await database.query<TaskRow>(claimStatement(request.strategy, queues.length === 1, anyType), [
    database.now(),
    request.namespace,
    queues,
    request.slots,
    randomUUID(),
    request.leaseDuration.addTo(EPOCH).getTime(),
    ...(anyType ? [] : [exact(request.types), prefixes(request.types)]),
  ]);
  return rows.map(toTask);
}

function exact(types: readonly string[]): string[] {
  return types.filter((type) => !type.endsWith('.*'));
}

/** What the types below "X.*" begin with: "X.". */
function prefixes(types: readonly string[]): string[] {
  return types.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1));
}
