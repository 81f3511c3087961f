import * as decisions from '@orrery/core';
import { requestIdReused, scheduleAlreadyExists, scheduleNotFound } from '@orrery/core';
import type {
  CreateSchedule,
  CreateTasks,
  Schedule,
  ScheduleCommand,
  ScheduleKey,
  ScheduleOutcome,
  ScheduleRun,
  ScheduleStore,
  ScheduleTurn,
} from '@orrery/core';
import { outcomeOf, turnOf } from '../schedule-changes.ts';
import { readNow } from './change-task.ts';
import type { Connection, Database } from './database.ts';
import * as read from './read-schedules.ts';
import { fromMillis, NOW, statement } from './statement.ts';
import { insertSchedule, writeSchedules } from './write-schedules.ts';

type Request = NonNullable<CreateTasks['request']>;

/** Of several calls with one request id at once, the others wait here until the first has ended. */
const USE_REQUEST = statement(
  'use_schedule_request',
  `insert into create_request (namespace, request_id, body_hash, task_ids, created_at)
  values ($2, $3, $4, '[]', ${NOW}) on conflict do nothing returning 1 as first`,
);
const READ_REQUEST = statement(
  'read_schedule_request',
  'select body_hash, task_ids from create_request where namespace = $1 and request_id = $2',
);
const NOTE_REQUEST = statement(
  'note_schedule_request',
  'update create_request set task_ids = $3 where namespace = $1 and request_id = $2',
);
const PURGE_DELETED = statement(
  'purge_deleted_schedules',
  `delete from schedule where deleted_at < ${fromMillis('$1::bigint')}`,
);
const PURGE_RUNS = statement(
  'purge_schedule_runs',
  `with old as (
    select namespace, schedule_id, task_id from schedule_run
    where slot_at < ${fromMillis('$1::bigint')} and status = 'FIRED' order by slot_at limit $2),
  gone as (
    delete from schedule_run using old
    where schedule_run.namespace = old.namespace and schedule_run.schedule_id = old.schedule_id
      and schedule_run.task_id = old.task_id
    returning 1)
  select count(*)::int as count from gone`,
);

/** Schedules in PostgreSQL. */
export class PostgresSchedules implements ScheduleStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  createSchedule(create: CreateSchedule): Promise<ScheduleOutcome> {
    const { namespace, id, definition, paused, request } = create;
    return this.#once(namespace, request, {
      work: async (on, now) => {
        const before = await read.lockSchedule(on, create);
        if (before && !before.deletedAt) throw scheduleAlreadyExists(namespace, id);
        const options = { paused, ...(before && { revision: before.revision }) };
        const change = decisions.newSchedule({ namespace, id }, definition, options, now);
        if (before) await writeSchedules(on, this.#database.now(), [change]);
        else if (!(await insertSchedule(on, this.#database.now(), change))) throw scheduleAlreadyExists(namespace, id);
        return outcomeOf(change);
      },
      idsOf: ({ schedule }) => [schedule.id],
      repeat: async (on, [usedId = id]) => ({
        schedule: await require(read.getSchedule(on, { namespace, id: usedId }), { namespace, id: usedId }),
        runs: [],
      }),
    });
  }

  commandSchedule(key: ScheduleKey, command: ScheduleCommand, request: Request | null): Promise<ScheduleOutcome> {
    return this.#once(key.namespace, request, {
      work: async (on, now) => {
        const schedule = await require(read.lockSchedule(on, key), key);
        const [context] = await read.contextsOf(on, [schedule]);
        const runs = command.do === 'BACKFILL' ? await read.runsWithin(on, key, command.from, command.before) : [];
        const takenTaskIds = new Set(runs.map(({ taskId }) => taskId));
        const known = { ...(context ?? { active: 'NONE', queued: null }), takenTaskIds } as const;
        const change = decisions.commandSchedule(schedule, command, known, now);
        if (!change) return { schedule, runs: [], cancelled: null, deduplicated: false };
        await writeSchedules(on, this.#database.now(), [change]);
        return outcomeOf(change);
      },
      idsOf: ({ runs }) => runs.map(({ taskId }) => taskId),
      repeat: async (on, ids) => ({
        schedule: await require(read.getSchedule(on, key), key),
        runs: await read.runsOf(on, key, ids),
      }),
    });
  }

  /** Looks first, without a transaction: most of the time there is nothing to do. */
  async fireSchedules(limit: number): Promise<ScheduleTurn> {
    const clock = this.#database.now();
    const before = await read.lookAtSchedules(this.#database, clock);
    const isDue = before.ended || (before.millis !== null && before.millis <= 0);
    if (!isDue) return turnIn(before.millis, []);
    const changes = await this.#database.transaction(async (on) => {
      const schedules = await read.lockDueSchedules(on, clock, limit);
      const contexts = await read.contextsOf(on, schedules);
      const now = await readNow(on, clock);
      const decided = schedules.flatMap((schedule, i) => {
        const context = contexts[i] ?? { active: 'NONE', queued: null };
        return decisions.fireSchedule(schedule, context, now) ?? [];
      });
      await writeSchedules(on, clock, decided);
      return decided;
    });
    const { millis } = await read.lookAtSchedules(this.#database, clock);
    return turnIn(millis, changes);
  }

  getSchedule(key: ScheduleKey): Promise<Schedule | null> {
    return read.getSchedule(this.#database, key);
  }

  listSchedules(query: {
    readonly namespace: string;
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Schedule[]> {
    return read.listSchedules(this.#database, query);
  }

  listScheduleRuns(query: {
    readonly schedule: ScheduleKey;
    readonly after?: { readonly slotAt: Date; readonly taskId: string };
    readonly limit: number;
  }): Promise<readonly ScheduleRun[]> {
    return read.listScheduleRuns(this.#database, query);
  }

  async purgeSchedules(before: Date, limit: number): Promise<number> {
    await this.#database.query(PURGE_DELETED, [before.getTime()]);
    const [gone] = await this.#database.query<{ count: number }>(PURGE_RUNS, [before.getTime(), limit]);
    return gone?.count ?? 0;
  }

  /** Does something in a transaction, or says what came of it when the request id was first used. */
  #once(
    namespace: string,
    request: Request | null,
    steps: {
      readonly work: (on: Connection, now: Date) => Promise<ScheduleOutcome>;
      readonly idsOf: (outcome: ScheduleOutcome) => readonly string[];
      readonly repeat: (on: Connection, ids: readonly string[]) => Promise<Pick<ScheduleOutcome, 'schedule' | 'runs'>>;
    },
  ): Promise<ScheduleOutcome> {
    return this.#database.transaction(async (on) => {
      const clock = this.#database.now();
      if (request) {
        const first = await on.query(USE_REQUEST, [clock, namespace, request.id, request.bodyHash]);
        if (first.length === 0) {
          const repeated = await steps.repeat(on, await readRequest(on, namespace, request));
          return { ...repeated, cancelled: null, deduplicated: true };
        }
      }
      const outcome = await steps.work(on, await readNow(on, clock));
      if (request) await on.query(NOTE_REQUEST, [namespace, request.id, JSON.stringify(steps.idsOf(outcome))]);
      return outcome;
    });
  }
}

async function readRequest(on: Connection, namespace: string, { id, bodyHash }: Request): Promise<readonly string[]> {
  const [used] = await on.query<{ body_hash: Uint8Array; task_ids: string }>(READ_REQUEST, [namespace, id]);
  if (!used || Buffer.compare(used.body_hash, bodyHash) !== 0) throw requestIdReused(id);
  return JSON.parse(used.task_ids) as string[];
}

function turnIn(millis: number | null, changes: Parameters<typeof turnOf>[0]): ScheduleTurn {
  const epoch = new Date(0);
  return turnOf(changes, millis === null ? null : new Date(Math.max(0, millis)), epoch);
}

async function require(found: Promise<Schedule | null>, { namespace, id }: ScheduleKey): Promise<Schedule> {
  const schedule = await found;
  if (!schedule || schedule.deletedAt) throw scheduleNotFound(namespace, id);
  return schedule;
}
