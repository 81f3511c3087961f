import { setTimeout } from 'node:timers/promises';
import type { QueueRef, Subscription } from '@orrery/core';
import { Client } from 'pg';
import { TASKS_CREATED } from '../migrations/create-task-function.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** How often to see whether the connection is still there: one that is cut without a word would never tell. */
const PROBE_INTERVAL_MS = 15_000;
const PROBE_TIMEOUT_MS = 5_000;
/** How long to wait for a server to hear that it is left. */
const CLOSE_TIMEOUT_MS = 1_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/**
 * Hears of tasks that applications created with `orrery_create_task`, over a connection of its own that is made again whenever it
 * breaks. Nothing that Orrery does itself is told of so: a transaction that notifies waits for all others that do.
 */
export function listenForTasks(url: string, hear: (queues: readonly QueueRef[]) => void): Subscription {
  const stopping = new AbortController();
  const ended = run();
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };

  async function run(): Promise<void> {
    let backoff = FIRST_BACKOFF_MS;
    while (!stopping.signal.aborted) {
      if (await listen()) backoff = FIRST_BACKOFF_MS;
      await sleep(backoff);
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
    }
  }

  /** Listens until the connection breaks or is not wanted any more; false: there never was one. */
  async function listen(): Promise<boolean> {
    const client = new Client({
      connectionString: url,
      application_name: 'orrery listener',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
      keepAlive: true,
    });
    const broken = new AbortController();
    client.on('error', () => broken.abort());
    client.on('end', () => broken.abort());
    client.on('notification', ({ payload = '' }) => {
      const queue = readQueue(payload);
      if (queue) hear([queue]);
    });
    let listened = false;
    try {
      await client.connect();
      await client.query(`listen ${TASKS_CREATED}`);
      listened = true;
      const over = AbortSignal.any([broken.signal, stopping.signal]);
      while (!over.aborted) {
        await sleep(PROBE_INTERVAL_MS, over);
        if (!over.aborted) await client.query('select 1');
      }
    } catch {
      // Made again; meanwhile who waits for tasks finds them by looking.
    }
    await Promise.race([client.end(), setTimeout(CLOSE_TIMEOUT_MS, undefined, { ref: false })]).catch(() => undefined);
    return listened;
  }

  async function sleep(millis: number, signal = stopping.signal): Promise<void> {
    await setTimeout(millis, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** What the function tells; anybody may notify, so anything else is not taken for it. */
function readQueue(payload: string): QueueRef | null {
  const [, namespace, queue] = /^\["([^"]+)", ?"([^"]+)"\]$/.exec(payload) ?? [];
  return namespace && queue ? { namespace, queue } : null;
}
