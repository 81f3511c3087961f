/** What is measured: the columns of the table. */
export const METRICS = {
  W1: 'creates/s, one by one',
  W2: 'creates/s, in bulk',
  W3: 'jobs/s, one by one',
  W3b: 'jobs/s, in bulk',
  W4: 'jobs/s, stored before',
  W5p50: 'ms to start, p50',
  W5p95: 'ms to start, p95',
  W5p99: 'ms to start, p99',
  W6: "worker's MiB",
  lag: 'ms until NATS has every event of W3b',
  idle: '% of a core, idle',
} as const;

/** The name of a column. */
export type Metric = keyof typeof METRICS;

/** Whether a higher figure is the better one. */
export function isRate(metric: Metric): boolean {
  return ['W1', 'W2', 'W3', 'W3b', 'W4'].includes(metric);
}

/** How quiet the machine was just before a measurement. */
export interface Quiet {
  /** The load average of the last minute, our own work included. */
  readonly load: number;
  /** The share of all CPUs that was busy although nothing of ours was, 0 to 1. */
  readonly busy: number;
}

/** One figure of one round. */
export interface Figure extends Quiet {
  readonly round: number;
  /** The id of the contender, or the name of the floor. */
  readonly of: string;
  /** A metric, or what of the floor. */
  readonly metric: string;
  readonly value: number;
}
