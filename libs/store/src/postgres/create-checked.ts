import { isKeyHeld, requestIdReused, type CreateOutcome, type CreateTasks, type DedupHold } from '@orrery/core';
import { newHolds, outcomesOf, type NewHold } from '../dedup-holds.ts';
import { createWithin, LIVE, namingTakenIds, READ_REQUEST } from './create-tasks.ts';
import type { Connection, Database } from './database.ts';
import { NOW, statement } from './statement.ts';
import { takeRoom } from './use-quota.ts';

const USE_REQUEST = statement(
  'use_create_request',
  `insert into create_request (namespace, request_id, body_hash, task_ids, created_at)
  values ($2, $3, $4, $5, ${NOW})
  on conflict do nothing
  returning 1 as first`,
);

const ANSWER_REQUEST = statement(
  'answer_create_request',
  'update create_request set task_ids = $3 where namespace = $1 and request_id = $2',
);

const LENGTH = `length * interval '1 millisecond'`;
const GIVEN = 'unnest($3::text[], $4::text[], $5::text[], $6::float8[]) as given (key, task_id, hold_window, length)';

/**
 * Takes keys that nobody has, and locks them all, in one order for everybody. The update changes nothing: it is what makes a row that
 * another transaction is adding waited for, locked and returned. Rows that were added have no `xmax`.
 */
const LOCK_KEYS = statement(
  'lock_dedup_keys',
  `insert into task_dedup (namespace, key, task_id, hold_window, expires_at, held_at)
  select $2, key, task_id, hold_window, ${NOW} + ${LENGTH}, ${NOW} from ${GIVEN}
  order by key
  on conflict (namespace, key) do update set held_at = task_dedup.held_at
  returning key, task_id, hold_window, expires_at, xmax = 0 as is_new, ${NOW} as now`,
);

const TAKE_KEYS = statement(
  'take_dedup_keys',
  `update task_dedup set task_id = given.task_id, hold_window = given.hold_window,
    expires_at = ${NOW} + ${LENGTH}, held_at = ${NOW}
  from ${GIVEN}
  where task_dedup.namespace = $2 and task_dedup.key = given.key`,
);

interface LockedKey {
  readonly key: string;
  readonly task_id: string;
  readonly hold_window: DedupHold['window'];
  readonly expires_at: number | null;
  readonly is_new: boolean;
  readonly now: number;
}

/**
 * Stores new tasks of which some have a dedup key, but for those whose key another task holds; or of a namespace that must have room for
 * them. Everybody takes locks in one order: the request id, dedup keys, the namespace's quotas. Whether a key's holder is still live
 * is asked by a statement of its own, after the lock: it then sees what whoever had the lock before has done.
 */
export async function createChecked(database: Database, request: CreateTasks): Promise<readonly CreateOutcome[]> {
  let fresh = request;
  const create = (): Promise<readonly CreateOutcome[]> =>
    database.transaction(async (connection) => {
      const now = database.now();
      const repeated = await useRequest(connection, now, request);
      if (repeated) return repeated.map((id) => ({ id, deduplicated: true }));
      const held = await takeKeys(connection, now, request);
      const outcomes = outcomesOf(request.tasks, held);
      fresh = { ...request, tasks: request.tasks.filter((_, i) => !outcomes[i]?.deduplicated), request: null };
      await takeRoom(connection, now, request, fresh.tasks.length);
      if (fresh.tasks.length > 0) await createWithin(connection, now, fresh);
      const { namespace, request: once } = request;
      const ids = JSON.stringify(outcomes.map(({ id }) => id));
      if (once) await connection.query(ANSWER_REQUEST, [namespace, once.id, ids]);
      return outcomes;
    });
  return namingTakenIds(database, () => fresh, create);
}

/** The ids that were created under the request id before; undefined: it is used now. */
async function useRequest(
  connection: Connection,
  now: number | null,
  { namespace, request }: CreateTasks,
): Promise<readonly string[] | undefined> {
  if (!request) return undefined;
  for (;;) {
    const first = await connection.query(USE_REQUEST, [now, namespace, request.id, request.bodyHash, '[]']);
    if (first.length > 0) return undefined;
    const [used] = await connection.query<{ body_hash: Uint8Array; task_ids: string }>(READ_REQUEST, [
      namespace,
      request.id,
    ]);
    // Forgotten between the two statements: go again.
    if (!used) continue;
    if (Buffer.compare(used.body_hash, request.bodyHash) !== 0) throw requestIdReused(request.id);
    return JSON.parse(used.task_ids) as string[];
  }
}

/** Takes the keys of the request that are free; returns the others, with the tasks that hold them. */
async function takeKeys(
  connection: Connection,
  now: number | null,
  { namespace, tasks }: CreateTasks,
): Promise<ReadonlyMap<string, string>> {
  const wanted = newHolds(tasks);
  if (wanted.size === 0) return new Map();
  const rows = await connection.query<LockedKey>(LOCK_KEYS, [now, namespace, ...columns([...wanted.values()])]);
  const others = rows.filter(({ is_new }) => !is_new);
  const active = others.filter(({ hold_window }) => hold_window === 'WHILE_ACTIVE').map(({ task_id }) => task_id);
  const live = active.length === 0 ? [] : await connection.query<{ id: string }>(LIVE, [namespace, active]);
  const isLive = new Set(live.map(({ id }) => id));
  const held = others.filter((row) => isKeyHeld(holdOf(row), isLive.has(row.task_id), new Date(row.now)));
  const holders = new Map(held.map(({ key, task_id }) => [key, task_id]));
  const free = others.flatMap(({ key }) => (holders.has(key) ? [] : (wanted.get(key) ?? [])));
  if (free.length > 0) await connection.query(TAKE_KEYS, [now, namespace, ...columns(free)]);
  return holders;
}

function holdOf({ task_id, hold_window, expires_at }: LockedKey): DedupHold {
  return { taskId: task_id, window: hold_window, expiresAt: expires_at === null ? null : new Date(expires_at) };
}

function columns(holds: readonly NewHold[]): readonly (readonly unknown[])[] {
  return [
    holds.map(({ key }) => key),
    holds.map(({ taskId }) => taskId),
    holds.map(({ window }) => (typeof window === 'string' ? window : 'UNTIL')),
    holds.map(({ window }) => (typeof window === 'string' ? null : window.toMillis())),
  ];
}
