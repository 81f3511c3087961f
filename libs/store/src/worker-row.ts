import type { Labels, Worker, WorkerState } from '@orrery/core';

/** A row of `worker` as every dialect's statements give it: instants in ms since 1970, JSON as text. */
export interface WorkerRow {
  readonly namespace: string;
  readonly id: string;
  readonly queues: string;
  readonly types: string;
  readonly concurrency: number;
  readonly hostname: string;
  readonly process_id: number;
  readonly sdk: string;
  readonly labels: string;
  readonly state: string;
  readonly running: number;
  readonly succeeded: number | bigint;
  readonly failed: number | bigint;
  readonly last_finish_at: number | null;
  readonly registered_at: number;
  readonly heartbeat_at: number;
  readonly revision: number;
}

/** The worker that a row tells of. */
export function toWorker(row: WorkerRow): Worker {
  return {
    namespace: row.namespace,
    id: row.id,
    queues: JSON.parse(row.queues) as string[],
    types: JSON.parse(row.types) as string[],
    concurrency: row.concurrency,
    hostname: row.hostname,
    processId: row.process_id,
    sdk: row.sdk,
    labels: JSON.parse(row.labels) as Labels,
    state: row.state as WorkerState,
    progress: {
      running: row.running,
      succeeded: Number(row.succeeded),
      failed: Number(row.failed),
      lastFinishAt: row.last_finish_at === null ? null : new Date(row.last_finish_at),
    },
    registeredAt: new Date(row.registered_at),
    heartbeatAt: new Date(row.heartbeat_at),
    revision: row.revision,
  };
}
