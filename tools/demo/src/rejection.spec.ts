import { TaskError } from '@orrery/task-error';
import { fileSystemError, rejectionOf } from './rejection.ts';

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: something, open '/x'`), { code });
}

test.each(['EMFILE', 'ENFILE', 'EBUSY', 'EAGAIN', 'ESTALE'])('%s passes: it is tried again', (code) => {
  const error = fileSystemError(failure(code), '/x');
  expect({ retryable: error.isRetryable, rejected: rejectionOf(error) }).toEqual({
    retryable: true,
    rejected: undefined,
  });
});

test.each(['EACCES', 'EPERM'])('%s rejects the file', (code) => {
  const error = fileSystemError(failure(code), '/x');
  expect({ type: error.errorType, retryable: error.isRetryable, rejected: rejectionOf(error) }).toEqual({
    type: 'permission_denied',
    retryable: false,
    rejected: 'PERMISSION_DENIED',
  });
});

test('EIO is neither: something is wrong', () => {
  const error = fileSystemError(failure('EIO'), '/x');
  expect({ retryable: error.isRetryable, rejected: rejectionOf(error) }).toEqual({
    retryable: false,
    rejected: undefined,
  });
});

test('a rejection is still one after it went over the wire, and a fault of the code is none', () => {
  const error = fileSystemError(failure('ENOENT'), '/x');
  expect(rejectionOf(TaskError.fromJSON(JSON.parse(JSON.stringify(error))))).toBe('NOT_FOUND');
  expect(rejectionOf(TaskError.fromException(new TypeError('x is not a function')))).toBeUndefined();
});
