import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@orrery/client';
import type { Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { freePort, Ledger, startProcess } from '@orrery/testing';
import { createWorker } from '@orrery/worker';
import { startRawCalls } from '../raw-client.ts';
import { longest } from '../recovery.ts';
import type { Findings, Scenario, ScenarioContext } from '../scenario.ts';
import type { SmallDisk } from '../small-disk.ts';
import { startLoad } from '../task-load.ts';
import { waitUntil } from '../wait-until.ts';
import { doWork, type Work } from '../work.ts';
import { describe, keepFull, onSmallDisk, statusProblems } from './full-disk.ts';

const DISK_MIB = 16;
const ENDS_WITHIN = Duration.ofSeconds(60);
const STANDALONE = fileURLToPath(new URL('../../../../services/standalone/src/main.ts', import.meta.url));
const quiet = (): void => undefined;
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** Fills the disk that standalone has its SQLite file on, and frees it again. */
export const fullDiskSqlite: Scenario = {
  name: 'full-disk-sqlite',
  proves:
    'standalone on a full disk refuses writes with UNAVAILABLE, loses nothing acknowledged, stays up, and goes on after it',
  run: (context) => onSmallDisk(context, DISK_MIB, breakSqlite),
};

async function breakSqlite(context: ScenarioContext, disk: SmallDisk): Promise<Findings> {
  const full = Duration.ofSeconds(context.short ? 5 : 60);
  const count = context.tasks ?? (context.short ? 400 : 4_000);
  const address = `127.0.0.1:${await freePort()}`;
  const ORRERY_PORT = address.slice(address.indexOf(':') + 1);
  const server = startProcess(STANDALONE, {
    ORRERY_PORT,
    ORRERY_DATA_DIR: join(disk.path, 'data'),
    ORRERY_LOG_LEVEL: 'info',
  });
  await server.line(/Orrery is ready/);
  const client = createClient({ address, logger: SILENT });
  const worker = createWorker({ address, id: 'worker-1', logger: SILENT, leaseDuration: '10s' });
  const ledger = new Ledger();
  worker.handle('work', (params: Work, { task, signal }) => {
    ledger.started(task.id, `attempt ${task.attempt}`);
    return doWork(params, task.attempt, signal);
  });
  try {
    await worker.start();
    const { random, signal } = context;
    const load = startLoad({
      client,
      ledgers: [ledger],
      random,
      signal,
      prefix: 'task',
      count,
      perSecond: count / (full.toSeconds() + 4),
    });
    const raw = startRawCalls(address, ledger);
    await pause(2_000, undefined, { signal });
    context.say(`${load.acknowledged.size} of ${count} acknowledged; the disk is full for ${full.toString()}`);
    await keepFull(disk, full, signal);
    context.say(`${load.acknowledged.size} of ${count} acknowledged; there is space again`);
    await load.done;
    await pause(1_000);
    await raw.stop();
    const ended = await waitUntil(
      async () => (await client.tasks.listPage({ statuses: ['PENDING', 'RUNNING'] })).tasks.length === 0,
      ENDS_WITHIN,
      signal,
    );
    const stored: Task[] = [];
    for await (const task of client.tasks.list({ pageSize: 1_000 })) stored.push(task);
    return {
      tasks: ledger.counts.acknowledged,
      faults: 1,
      measured: { 'statuses seen': describe(raw), 'slowest call': longest([raw.slowestMillis]) },
      problems: [
        ...(ended ? [] : [`every acknowledged task ends: some have not after ${ENDS_WITHIN.toString()}`]),
        ...ledger.check(stored),
        ...statusProblems(raw),
        ...(server.child.exitCode === null ? [] : [`standalone stays up: it ended with ${server.child.exitCode}`]),
      ],
    };
  } finally {
    await worker.stop();
    await client.close();
    await server.end();
  }
}
