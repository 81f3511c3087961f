import { readProperty, readText } from './read-property.ts';

/** What these functions need to know of a task, whichever library or wire form it comes from. */
export interface MaybeFailed {
  readonly status: string;
  readonly error?: unknown;
}

/** Whether the task carries an error; a task of the days before there were TaskErrors has none. */
export function hasError<T extends { readonly error?: unknown }>(
  task: T,
): task is T & { readonly error: NonNullable<T['error']> } {
  return task.error !== undefined && task.error !== null;
}

/** Whether the task has failed for good; `FAILED`, `failed` and `TASK_STATUS_FAILED` are the same status. */
export function isFailed(task: MaybeFailed): boolean {
  return /^(task_status_)?failed$/i.test(task.status);
}

/** The message of the task's error, also when it is only a text as in older stores; undefined without an error. */
export function getErrorMessage(task: { readonly error?: unknown }): string | undefined {
  if (!hasError(task)) return undefined;
  return typeof task.error === 'string' ? task.error : (readText(task.error, 'message') ?? emptyMessage(task.error));
}

function emptyMessage(error: unknown): string | undefined {
  return readProperty(error, 'message') === '' ? '' : undefined;
}
