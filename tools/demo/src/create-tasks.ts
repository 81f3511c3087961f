import { setTimeout as pause } from 'node:timers/promises';
import { type Client, OrreryError, type NewTask, type TaskHandle } from '@orrery/client';
import { ANALYZE_FILE, type FileParams } from './file-analysis.ts';

// Paths are at most 4 KiB, so even 500 of the longest fit into a request of 4 MiB.
const BATCH = 500;
const AGAIN_AFTER_MS = 250;
const SERVER_AWAY: ReadonlySet<string> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED']);

/** What all tasks of a run share. */
export interface RunMarks {
  /** Unique; makes repeated requests create nothing twice. */
  readonly run: string;
  readonly signal: AbortSignal;
}

/** Creates one task per file, in batches that come as they are acknowledged; goes on trying while the server is away. */
export async function* createTasks(
  client: Client,
  files: readonly FileParams[],
  { run, signal }: RunMarks,
): AsyncGenerator<readonly TaskHandle[]> {
  for (let from = 0; from < files.length; from += BATCH) {
    const tasks = files.slice(from, from + BATCH).map((params) => toTask(params, run));
    yield await untilAcknowledged(
      () => client.tasks.createMany(tasks, { requestId: `${run}-${from}`, signal }),
      signal,
    );
  }
}

function toTask(params: FileParams, run: string): NewTask {
  return {
    type: ANALYZE_FILE,
    params,
    retry: { maxAttempts: 5, initialDelay: '200ms', maxDelay: '5s' },
    runTimeout: '10m',
    correlationId: run,
    labels: { run },
  };
}

async function untilAcknowledged<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof OrreryError) || !SERVER_AWAY.has(error.code)) throw error;
      await pause(AGAIN_AFTER_MS, undefined, { signal });
    }
  }
}
