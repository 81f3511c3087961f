import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@orrery/client';
import { type Cluster, type ClusterOptions, type ProcessSpec, startCluster } from '@orrery/cluster';
import type { QueueStats, Store } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { openStore } from '@orrery/store';
import { Ledger } from '@orrery/testing';
import { type EventRecorder, readLog, recordNats } from './event-recorder.ts';
import { type JournalEntry, monotonicMillis, readJournals } from './journal.ts';
import type { Claim } from './recovery.ts';
import type { ScenarioContext } from './scenario.ts';
import { type Load, type LoadOptions, startLoad } from './task-load.ts';
import { waitUntil } from './wait-until.ts';

/** What a scenario wants to break. */
export interface RigOptions {
  /** How many workers on the SDK, and on bare stubs. Default 2 and 1. */
  readonly sdkWorkers?: number;
  readonly rawWorkers?: number;
  readonly counts?: ClusterOptions['counts'];
  readonly ports?: ClusterOptions['ports'];
  readonly env?: ClusterOptions['env'];
  readonly adjust?: (spec: ProcessSpec) => ProcessSpec;
  /** How long a lease of the workers is good for. Default 30 s. */
  readonly lease?: Duration;
  /** Where the database and NATS keep their data. Default: in the scenario's folder. */
  readonly dataDir?: string;
  /** Told of every line that a process writes. */
  readonly log?: (line: string) => void;
  /** Whether the events on NATS are recorded too. */
  readonly nats?: boolean;
}

/** A cluster under load, and the record of what became of it. */
export interface Rig extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly store: Store;
  /** What NATS was told; null without it. */
  readonly recorder: EventRecorder | null;
  load(options: Pick<LoadOptions, 'count' | 'perSecond'> & Partial<Pick<LoadOptions, 'task' | 'prefix'>>): Load;
  /** What workers noted down so far, in the order of time. */
  journal(): readonly JournalEntry[];
  /**
   * Waits until every task has ended, for as long as no more than a while goes by without the end of one, and compares everything that was
   * recorded, what was told on NATS too unless asked not to; returns what does not add up.
   */
  settle(within: Duration, options?: { readonly nats: boolean }): Promise<readonly string[]>;
  /** When tasks were claimed, by `monotonicMillis` and in order; known once it has settled. */
  readonly claims: readonly Claim[];
  /** For those who create tasks in another way than `load`. */
  readonly books: Pick<Ledger, 'submitting' | 'acknowledged'>;
  /** How much is on record. */
  readonly counts: Ledger['counts'];
}

const NATS_CATCHES_UP = Duration.ofSeconds(60);
const SDK_WORKER = fileURLToPath(new URL('sdk-worker-main.ts', import.meta.url));
const RAW_WORKER = fileURLToPath(new URL('raw-worker-main.ts', import.meta.url));

/** Starts a cluster whose workers keep journals, and opens its books. */
export async function openRig(context: ScenarioContext, options: RigOptions = {}): Promise<Rig> {
  const { sdkWorkers = 2, rawWorkers = 1, lease = Duration.ofSeconds(30) } = options;
  const journals = join(context.folder, 'journals');
  const logFile = createWriteStream(join(context.folder, 'log.jsonl'));
  context.say('starting a cluster');
  const adjust = (spec: ProcessSpec): ProcessSpec => {
    if (spec.kind !== 'worker') return options.adjust?.(spec) ?? spec;
    const isRaw = Number(spec.name.slice('worker-'.length)) > sdkWorkers;
    const env = { ...spec.env, FAULTS_JOURNAL: journals, FAULTS_LEASE: lease.toString() };
    const worker = { ...spec, env, args: [...spec.args.slice(0, -1), isRaw ? RAW_WORKER : SDK_WORKER] };
    return options.adjust?.(worker) ?? worker;
  };
  const cluster = await startCluster({
    dataDir: options.dataDir ?? join(context.folder, 'data'),
    counts: { nats: options.nats === true ? 1 : 0, ...options.counts, worker: sdkWorkers + rawWorkers },
    env: { ORRERY_LOG_LEVEL: 'info', ...options.env },
    ports: options.ports,
    adjust,
    log: ({ process, line, ofCluster }) => {
      logFile.write(`${JSON.stringify({ at: new Date().toISOString(), process, ofCluster, line })}\n`);
      options.log?.(line);
    },
    signal: context.signal,
  });
  const client = createClient({ address: cluster.addresses.taskApi, logger: SILENT });
  const store = await openStore(cluster.databaseUrl, { poolSize: 2 });
  const ledger = new Ledger();
  const told = new Ledger();
  const claims: Claim[] = [];
  const recorder = cluster.natsUrl === null ? null : await recordNats(cluster.natsUrl, told);
  const ledgers = recorder ? [ledger, told] : [ledger];

  return {
    cluster,
    client,
    store,
    recorder,
    load: (load) => {
      const { random, signal } = context;
      return startLoad({ client, ledgers, random, signal, prefix: 'task', ...load });
    },
    journal: () => readJournals(journals),
    settle,
    claims,
    books: {
      submitting: (id) => ledgers.forEach((each) => each.submitting(id)),
      acknowledged: (id) => ledgers.forEach((each) => each.acknowledged(id)),
    },
    get counts() {
      return ledger.counts;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([client.close(), recorder?.stop(), store.close()]);
      await cluster.stop();
      await new Promise((resolve) => logFile.end(resolve));
    },
  };

  /** Waits for as long as tasks end, with no longer than a while between two of them; how many have not ended. */
  async function allEnd(within: Duration): Promise<number> {
    for (let left = Infinity; ;) {
      let now = left;
      const fewer = async (): Promise<boolean> => (now = live(await store.tasks.stats())) < left;
      if (!(await waitUntil(fewer, within, context.signal))) return left;
      if (now === 0) return 0;
      left = now;
    }
  }

  async function settle(within: Duration, { nats } = { nats: true }): Promise<readonly string[]> {
    context.say('waiting for the tasks to end');
    const left = await allEnd(within);
    const problems = left === 0 ? [] : [`every acknowledged task ends: for ${within.toString()} none of ${left} has`];
    context.say('comparing what was recorded');
    for (const entry of readJournals(journals)) {
      if (entry.what === 'started') ledger.started(entry.id, entry.token);
      if (entry.what === 'accepted') ledger.accepted(entry.id, entry.token, entry.status);
      if (entry.what === 'refused') ledger.refused(entry.id, entry.token, entry.reason);
    }
    const events = await readLog(store.events);
    const skew = Date.now() - monotonicMillis();
    for (const event of events) {
      ledger.event(event);
      if (event.kind === 'started') claims.push({ id: event.taskId, at: event.at.getTime() - skew });
    }
    claims.sort((a, b) => a.at - b.at);
    problems.push(...ledger.check(await storedTasks()));
    if (recorder && nats) {
      const all = await waitUntil(() => recorder.ids.size >= events.length, NATS_CATCHES_UP, context.signal);
      if (!all)
        problems.push(
          `every event reaches NATS: ${recorder.ids.size} of ${events.length} did, after ${NATS_CATCHES_UP.toString()}`,
        );
      problems.push(...told.check().map((problem) => `on NATS: ${problem}`));
    }
    return problems;
  }

  async function storedTasks() {
    const tasks = [];
    for (let page = await store.tasks.listTasks({ namespace: 'default', limit: PAGE }); page.length > 0;) {
      tasks.push(...page);
      const afterId = page.at(-1)?.id ?? '';
      page = await store.tasks.listTasks({ namespace: 'default', limit: PAGE, afterId });
    }
    return tasks;
  }
}

const PAGE = 1_000;
const quiet = (): void => undefined;
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet };

function live(queues: readonly QueueStats[]): number {
  return queues.reduce((sum, { ready, scheduled, running }) => sum + ready + scheduled + running, 0);
}
