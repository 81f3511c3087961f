import { TaskError, type TaskErrorData, type TaskErrorInit } from '@orrery/task-error';
import { errorCodeOf } from './error-code.ts';

/** Why a file cannot be analysed; trying again would not help. */
export const REJECTIONS = [
  'BINARY',
  'NOT_UTF8',
  'TOO_LARGE',
  'NOT_A_FILE',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'CHANGING',
] as const;

/** Why a file cannot be analysed. */
export type Rejection = (typeof REJECTIONS)[number];

/** The error that rejects a file. */
export function rejected(reason: Rejection, init: TaskErrorInit): TaskError {
  return new TaskError({ isRetryable: false, severity: 'warning', ...init, context: { ...init.context, reason } });
}

/** Why the file was rejected; undefined if it was not: something else went wrong. */
export function rejectionOf({ context }: TaskErrorData): Rejection | undefined {
  return REJECTIONS.find((reason) => reason === context['reason']);
}

/** Conditions of the machine that pass. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EBUSY', 'EAGAIN', 'EINTR', 'ETXTBSY', 'ESTALE', 'ENOMEM']);

/** What an error of the file system means for the task: rejected, tried again, or whatever it is. */
export function fileSystemError(thrown: unknown, path: string): TaskError {
  const code = errorCodeOf(thrown);
  const about = { context: { path }, cause: thrown };
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return rejected('NOT_FOUND', { errorType: 'not_found', message: 'there is no such file', ...about });
  if (code === 'ELOOP')
    return rejected('NOT_FOUND', { errorType: 'not_found', message: 'a symbolic link leads back to itself', ...about });
  if (code === 'EACCES' || code === 'EPERM')
    return rejected('PERMISSION_DENIED', {
      errorType: 'permission_denied',
      message: 'it may not be read',
      ...about,
    });
  return TaskError.fromException(thrown, { ...(PASSING.has(code ?? '') && { isRetryable: true }), context: { path } });
}
