import { Pool } from 'pg';
import { inFlight } from '../in-flight.ts';
import { jobsFrom } from '../job.ts';
import { lifecycleOf, type Rates } from './floors.ts';
import { BATCHES, inSequence, rateOf, wholeBatches } from './rate-of.ts';

const CONNECTIONS = 8;

const TABLE = `create table job (
  id bigint generated always as identity primary key, payload jsonb not null, state smallint not null default 0, token uuid
);
create index on job (id) where state = 0`;

const INSERT = { name: 'insert', text: 'insert into job (payload) select * from unnest($1::jsonb[])' };
const CLAIM = {
  name: 'claim',
  text: `update job set state = 1, token = gen_random_uuid()
    where id = any (array(select id from job where state = 0 order by id limit $1 for update skip locked))
    returning id, token, payload`,
};
const COMPLETE = {
  name: 'complete',
  text: `update job set state = 2 from unnest($1::bigint[], $2::uuid[]) as done (id, token)
    where job.id = done.id and job.token = done.token and job.state = 1`,
};

/** Insert, claim and complete of a bare table, prepared, in batches, on eight connections. */
export async function measurePostgres(url: string, scale: number): Promise<Rates> {
  const pool = new Pool({ connectionString: url, max: CONNECTIONS });
  const rates: Record<string, number> = {};
  try {
    await pool.query(TABLE);
    await lifecycle(pool, 100, 500);
    for (const { batch, jobs } of BATCHES) {
      const [insert, claim, complete] = await lifecycle(pool, batch, wholeBatches(jobs, batch, scale));
      rates[lifecycleOf(batch)] = inSequence([insert, claim, complete]);
      rates[`insert of ${batch}`] = insert;
      rates[`claim of ${batch}`] = claim;
      rates[`complete of ${batch}`] = complete;
    }
    rates['insert of 1 with pg_notify'] = await notifying(pool, wholeBatches(5_000, 1, scale));
  } finally {
    await pool.end();
  }
  return rates;
}

async function lifecycle(pool: Pool, batch: number, jobs: number): Promise<[number, number, number]> {
  await pool.query('truncate job');
  const batches = jobs / batch;
  const payloads = jobsFrom(0, batch).map((job) => JSON.stringify(job));
  const claimed: { readonly id: string; readonly token: string }[][] = [];
  const insert = await rateOf(jobs, () =>
    inFlight(batches, CONNECTIONS, () => pool.query({ ...INSERT, values: [payloads] })),
  );
  const claim = await rateOf(jobs, () =>
    inFlight(batches, CONNECTIONS, async () => {
      const { rows } = await pool.query<{ id: string; token: string }>({ ...CLAIM, values: [batch] });
      claimed.push(rows);
    }),
  );
  const found = claimed.reduce((sum, rows) => sum + rows.length, 0);
  const complete = await rateOf(found, () =>
    inFlight(claimed.length, CONNECTIONS, (index) => {
      const rows = claimed[index] ?? [];
      return pool.query({ ...COMPLETE, values: [rows.map(({ id }) => id), rows.map(({ token }) => token)] });
    }),
  );
  return [insert, claim, complete];
}

function notifying(pool: Pool, jobs: number): Promise<number> {
  const payload = JSON.stringify(jobsFrom(0, 1)[0]);
  const text = `with stored as (insert into job (payload) values ($1) returning id) select pg_notify('job', id::text) from stored`;
  return rateOf(jobs, () => inFlight(jobs, CONNECTIONS, () => pool.query({ name: 'notify', text, values: [payload] })));
}
