import type { Duration } from '@orrery/duration';
import type { Database } from './database.ts';
import { NOW, statement } from './statement.ts';

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
