import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { jobsFrom } from '../job.ts';
import { lifecycleOf, type Rates } from './floors.ts';
import { BATCHES, inSequence, rateOf, wholeBatches } from './rate-of.ts';

const SCHEMA = `pragma journal_mode = wal; pragma synchronous = full;
  create table job (id integer primary key, payload text not null, state integer not null default 0, token text);
  create index ready on job (id) where state = 0`;

/** Insert, claim and complete of a bare table in a file, one transaction per batch, WAL with synchronous=FULL. */
export async function measureSqlite(directory: string, scale: number): Promise<Rates> {
  const database = new DatabaseSync(join(directory, 'floor.db'));
  const rates: Record<string, number> = {};
  try {
    database.exec(SCHEMA);
    await lifecycle(database, 100, 500);
    for (const { batch, jobs } of BATCHES) {
      const [insert, claim, complete] = await lifecycle(database, batch, wholeBatches(jobs, batch, scale));
      rates[lifecycleOf(batch)] = inSequence([insert, claim, complete]);
    }
  } finally {
    database.close();
  }
  return rates;
}

async function lifecycle(database: DatabaseSync, batch: number, jobs: number): Promise<[number, number, number]> {
  database.exec('delete from job');
  const add = database.prepare('insert into job (payload) values (?)');
  const take = database.prepare(
    `update job set state = 1, token = hex(randomblob(16))
      where id in (select id from job where state = 0 order by id limit ?) returning id, token, payload`,
  );
  const finish = database.prepare('update job set state = 2 where id = ? and token = ? and state = 1');
  const payloads = jobsFrom(0, batch).map((job) => JSON.stringify(job));
  const claimed: Record<string, unknown>[][] = [];
  const perBatch = (run: () => void) =>
    rateOf(jobs, () => {
      for (let done = 0; done < jobs; done += batch) {
        database.exec('begin immediate');
        run();
        database.exec('commit');
      }
    });
  const insert = await perBatch(() => {
    for (const payload of payloads) add.run(payload);
  });
  const claim = await perBatch(() => void claimed.push(take.all(batch)));
  const complete = await perBatch(() => {
    for (const { id, token } of claimed.pop() ?? []) finish.run(Number(id), String(token));
  });
  return [insert, claim, complete];
}
