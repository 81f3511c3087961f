import { StorageError } from '@orrery/core';

/** SQLITE_BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL and CANTOPEN: the machine's trouble, which may pass. */
const TRANSIENT = new Set([5, 6, 7, 9, 10, 13, 14]);

/** Turns what node:sqlite threw into a `StorageError`; anything else stays what it is. */
export function storageFailure(error: unknown): unknown {
  if (!isDriverError(error)) return error;
  // The low byte is the kind of error, what is above tells its variants apart.
  const transient = error.errcode !== undefined && TRANSIENT.has(error.errcode & 0xff);
  const detail = error.errstr === undefined || error.errstr === error.message ? '' : ` (${error.errstr})`;
  return new StorageError(`SQLite: ${error.message}${detail}`, { cause: error, transient });
}

interface DriverError {
  readonly code: string;
  readonly message: string;
  readonly errcode?: number;
  readonly errstr?: string;
}

// ERR_INVALID_STATE is what a closed database throws. Not `instanceof`: the error may be of another realm.
function isDriverError(error: unknown): error is DriverError {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ERR_SQLITE_ERROR' || error.code === 'ERR_INVALID_STATE';
}
