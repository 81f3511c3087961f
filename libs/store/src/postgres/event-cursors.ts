import type { EventCursor } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { Database } from './database.ts';
import { NOW, statement, toMillis } from './statement.ts';

const ACQUIRE = statement(
  'acquire_event_cursor',
  `insert into event_cursor (name, position, owner, owned_until)
  select $2, coalesce((select min(position) - 1 from event_position), last_position), $3,
    ${NOW} + $4::bigint * interval '1 millisecond'
  from event_sequencer
  on conflict (name) do update set owner = excluded.owner, owned_until = excluded.owned_until
  where event_cursor.owner = excluded.owner or event_cursor.owned_until <= ${NOW}
  returning position`,
);

const MOVE = statement(
  'move_event_cursor',
  'update event_cursor set position = greatest(position, $3) where name = $1 and owner = $2 returning position',
);

/** Nobody's from then on: owners have names. */
const RESET = statement(
  'reset_event_cursor',
  `insert into event_cursor (name, position, owner, owned_until) values ($1, $2, '', 'epoch')
  on conflict (name) do update set position = excluded.position, owner = excluded.owner, owned_until = excluded.owned_until`,
);

const LIST = statement(
  'list_event_cursors',
  `select name, position, case when owned_until > ${NOW} then nullif(owner, '') end as owner,
    ${toMillis('owned_until')}::float8 as owned_until
  from event_cursor order by name collate "C"`,
);

const DROP = statement(
  'drop_event_cursor',
  `with dropped as (
    delete from event_cursor where name = $2 and ($3 or owner = '' or owned_until <= ${NOW}) returning name)
  select case
    when exists (select from dropped) then 'dropped'
    when exists (select from event_cursor where name = $2) then 'owned'
    else 'unknown' end as outcome`,
);

const EPOCH = new Date(0);

/** Takes or keeps a cursor; null while another has it. */
export async function acquireCursor(
  database: Database,
  name: string,
  owner: string,
  lease: Duration,
): Promise<bigint | null> {
  const values = [database.now(), name, owner, lease.addTo(EPOCH).getTime()];
  const [cursor] = await database.query<{ position: bigint }>(ACQUIRE, values);
  return cursor?.position ?? null;
}

/** Moves a cursor forward; false if the owner no longer has it. */
export async function moveCursor(database: Database, name: string, owner: string, position: bigint): Promise<boolean> {
  return (await database.query(MOVE, [name, owner, position])).length > 0;
}

/** Sets a cursor, and takes it from its owner. */
export async function resetCursor(database: Database, name: string, position: bigint): Promise<void> {
  await database.query(RESET, [name, position]);
}

/** Every cursor, by name. */
export async function listCursors(database: Database): Promise<readonly EventCursor[]> {
  const rows = await database.query<{ name: string; position: bigint; owner: string | null; owned_until: number }>(
    LIST,
    [database.now()],
  );
  return rows.map(({ name, position, owner, owned_until }) => {
    return { name, position, owner, ownedUntil: owner === null ? null : new Date(owned_until) };
  });
}

/** Drops a cursor, or says why not. */
export async function dropCursor(
  database: Database,
  name: string,
  force: boolean,
): Promise<'dropped' | 'owned' | 'unknown'> {
  const values = [database.now(), name, force];
  const [row] = await database.query<{ outcome: 'dropped' | 'owned' | 'unknown' }>(DROP, values);
  return row?.outcome ?? 'unknown';
}
