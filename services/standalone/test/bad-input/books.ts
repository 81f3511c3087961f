import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';

/** Says what a store holds, so that two answers that are alike mean that nothing was changed in between. */
export interface Books {
  take(): Promise<string>;
  close(): Promise<void>;
}

/**
 * Everything that a request can change, and little that time changes by itself. Every change of a task, worker or schedule writes an
 * event, raises a revision, or both.
 */
const STATE = `
  select 'task ' || count(*) || ' ' || coalesce(sum(revision), 0) || ' ' || coalesce(max(id), '') from task
  union all select 'finished ' || count(*) || ' ' || coalesce(sum(revision), 0) || ' ' || coalesce(max(id), '') from finished_task
  union all select 'request ' || count(*) from create_request
  union all select 'dedup ' || count(*) || ' ' || coalesce(max(task_id), '') from task_dedup
  union all select 'event ' || coalesce(max(id), 0) from outbox
  union all select 'definition ' || namespace || name || version || body || active from definition
  union all select 'limit ' || namespace || name || queue || type || per_key || coalesce(max_running, -1) || coalesce(rate_count, -1)
      || coalesce(rate_period_ms, -1) || coalesce(rate_burst, -1) from flow_limit
  union all select 'worker ' || namespace || id || state || heartbeat_at || revision || running || succeeded || failed from worker
  union all select 'schedule ' || namespace || id || definition || paused || revision from schedule
  union all select 'quota ' || count(*) from quota_use
  union all select 'run ' || count(*) from schedule_run
  order by 1`;

/** Looks into the file of a server that uses it. */
export function sqliteBooks(path: string): Books {
  const database = new DatabaseSync(path, { readOnly: true });
  const statement = database.prepare(STATE);
  return {
    take: async () => JSON.stringify(statement.all().map((row) => Object.values(row))),
    close: async () => database.close(),
  };
}

/** Looks into the database of a server that uses it. */
export async function postgresBooks(url: string): Promise<Books> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    take: async () => JSON.stringify((await client.query({ text: STATE, rowMode: 'array' })).rows),
    close: () => client.end(),
  };
}
