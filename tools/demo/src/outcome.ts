import type { Task } from '@orrery/core';
import { TaskError } from '@orrery/task-error';
import { type FileAnalysis, fileAnalysis } from './file-analysis.ts';
import { type Rejection, rejectionOf } from './rejection.ts';

/** What came of one file. */
export type Outcome =
  | { readonly kind: 'analyzed'; readonly path: string; readonly analysis: FileAnalysis; readonly task: Task }
  | {
      readonly kind: 'rejected';
      readonly path: string;
      readonly reason: Rejection;
      readonly error: TaskError;
      readonly task: Task;
    }
  | { readonly kind: 'failed'; readonly path: string; readonly error: TaskError; readonly task: Task };

/** Reads what came of a file from its task, which has ended. */
export function outcomeOf(path: string, task: Task): Outcome {
  if (task.status === 'SUCCEEDED') {
    const analysis = readResult(task);
    if (analysis) return { kind: 'analyzed', path, analysis, task };
    return { kind: 'failed', path, error: new TaskError({ message: 'the task has no readable result' }), task };
  }
  const error = task.error
    ? TaskError.fromData(task.error)
    : new TaskError({ message: `the task ended as ${task.status} without an error` });
  const reason = rejectionOf(error);
  return reason ? { kind: 'rejected', path, reason, error, task } : { kind: 'failed', path, error, task };
}

/** How long the task was in the queue before its first attempt began, in milliseconds; null if none began. */
export function queueToStartMillis({ createdAt, startedAt, failedAttempts }: Task): number | null {
  const first = failedAttempts[0]?.startedAt ?? startedAt;
  return first && first.getTime() - createdAt.getTime();
}

function readResult({ result }: Task): FileAnalysis | null {
  try {
    return fileAnalysis.parse(JSON.parse(new TextDecoder().decode(result?.data)));
  } catch {
    return null;
  }
}
