import type { taskv1 } from '@orrery/contracts';
import { openStream, OrreryError, reconnectDelay, sleep } from '@orrery/rpc';
import type { CallOptions } from 'nice-grpc-common';
import type { Connection } from './connect.ts';
import { type TaskFilter, toFilter } from './list-tasks.ts';

/** Which tasks a bulk operation is for: a filter with at least one field, or in so many words all that it can change. */
export type BulkSelection = TaskFilter | 'all';

/** How a bulk operation goes about it. */
export interface BulkOptions {
  /** True: nothing is changed, only counted. */
  readonly dryRun?: boolean;
  /** Stops after so many tasks. Default: no limit. */
  readonly maxTasks?: number;
  /** Called after each batch of up to 1,000 tasks. */
  readonly onProgress?: (progress: BulkProgress) => void;
  /** Stops it; what was done stays done. */
  readonly signal?: AbortSignal;
}

/** How far a bulk operation is. */
export interface BulkProgress {
  /** How many tasks matched. */
  readonly matched: number;
  /** How many of them were changed; the others changed by themselves meanwhile. 0 in a dry run. */
  readonly changed: number;
}

interface BulkRequest {
  readonly namespace: string;
  readonly selection: taskv1.TaskSelection;
}

type Open = (
  request: BulkRequest,
  options: CallOptions,
) => AsyncIterable<{ progress?: taskv1.BulkProgress | undefined }>;

/** Does a bulk operation; if the stream breaks off, it goes on after what it was told of. Rejects with an OrreryError, or the signal's reason. */
export async function bulkChange(
  connection: Connection,
  selection: BulkSelection,
  { dryRun = false, maxTasks = 0, onProgress, signal = new AbortController().signal }: BulkOptions = {},
  open: Open,
): Promise<BulkProgress> {
  const { namespace, timers, random, token, logger } = connection.settings;
  const all = selection === 'all';
  const filter = all ? undefined : toFilter(selection);
  let progress: BulkProgress = { matched: 0, changed: 0 };
  let resumeToken = '';
  for (let failures = 1; ; failures += 1) {
    const before = progress;
    const left = maxTasks > 0 ? maxTasks - before.matched : 0;
    const request = { namespace, selection: { filter, all, dryRun, maxTasks: BigInt(left), resumeToken } };
    try {
      for await (const { progress: told } of openStream((options) => open(request, options), { token, signal })) {
        if (!told) continue;
        const [matched, changed] = [Number(told.matchedCount), Number(told.changedCount)];
        progress = { matched: before.matched + matched, changed: before.changed + changed };
        resumeToken = told.resumeToken;
        failures = 1;
        onProgress?.(progress);
        if (told.done) return progress;
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof OrreryError) || error.code !== 'UNAVAILABLE') throw error;
      logger.debug({ err: error }, 'a bulk operation broke off, going on after what was done');
    }
    await sleep(timers, reconnectDelay(failures, random()), signal);
  }
}
