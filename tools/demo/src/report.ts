import type { TaskErrorJson } from '@orrery/task-error';
import type { FileAnalysis } from './file-analysis.ts';
import type { Skipped } from './list-files.ts';
import { type Outcome, queueToStartMillis } from './outcome.ts';
import { percentile } from './percentile.ts';
import type { Rejection } from './rejection.ts';

/** What the demo found out, as `--json` prints it. */
export interface Report {
  readonly files: readonly ({ readonly path: string } & FileAnalysis)[];
  readonly failures: readonly Failure[];
  readonly summary: Summary;
  /** What was passed by without a task. */
  readonly skipped: readonly Skipped[];
}

/** A file without a result. */
export interface Failure {
  readonly path: string;
  /** Why the file cannot be analysed; null: that is not why, something went wrong. */
  readonly rejected: Rejection | null;
  readonly attempts: number;
  readonly error: TaskErrorJson;
}

/** The run in numbers. */
export interface Summary {
  readonly folder: string;
  readonly tasks: number;
  readonly analyzed: number;
  readonly rejected: number;
  /** Failed otherwise. */
  readonly failed: number;
  /** Tasks that took more than one attempt. */
  readonly retried: number;
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
  /** From the first task's creation to the last one's end. */
  readonly seconds: number;
  readonly tasksPerSecond: number;
  /** How long tasks were in the queue before their first attempt began, by the server's clock. */
  readonly queueToStartMs: { readonly p50: number | null; readonly p99: number | null };
  readonly workers: number;
  readonly concurrency: number;
  /** How often processes had to be started again. */
  readonly restarts: { readonly server: number; readonly workers: number };
  /** The server that was left running; null if none was. */
  readonly server: { readonly address: string; readonly pid: number; readonly dataDir: string } | null;
}

/** What only the run itself knows of its summary. */
export type RunFacts = Pick<Summary, 'folder' | 'seconds' | 'workers' | 'concurrency' | 'restarts' | 'server'>;

/** Puts the report together, sorted by path. */
export function toReport(outcomes: readonly Outcome[], skipped: readonly Skipped[], facts: RunFacts): Report {
  const sorted = outcomes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const files = sorted.flatMap((one) => (one.kind === 'analyzed' ? [{ path: one.path, ...one.analysis }] : []));
  const waits = outcomes.map(({ task }) => queueToStartMillis(task)).filter((wait) => wait !== null);
  const { folder, seconds, ...rest } = facts;
  return {
    files,
    failures: sorted.flatMap((one) => (one.kind === 'analyzed' ? [] : [toFailure(one)])),
    summary: {
      folder,
      tasks: outcomes.length,
      analyzed: files.length,
      rejected: outcomes.filter(({ kind }) => kind === 'rejected').length,
      failed: outcomes.filter(({ kind }) => kind === 'failed').length,
      retried: outcomes.filter(({ task }) => task.attempt > 1).length,
      bytes: sum(files.map(({ size }) => size)),
      lines: sum(files.map(({ lines }) => lines)),
      words: sum(files.map(({ words }) => words)),
      seconds,
      tasksPerSecond: seconds > 0 ? Math.round((outcomes.length / seconds) * 10) / 10 : 0,
      queueToStartMs: { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) },
      ...rest,
    },
    skipped,
  };
}

/** Whether everything is as promised: each task ended with a result or a rejection. */
export function isComplete({ summary }: Report, expected: number): boolean {
  return summary.tasks === expected && summary.failed === 0;
}

function toFailure(outcome: Exclude<Outcome, { readonly kind: 'analyzed' }>): Failure {
  const { path, error, task } = outcome;
  return {
    path,
    rejected: outcome.kind === 'rejected' ? outcome.reason : null,
    attempts: task.attempt,
    error: error.toJSON(),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
