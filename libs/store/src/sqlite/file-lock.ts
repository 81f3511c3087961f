import { DatabaseSync } from 'node:sqlite';
import type { StorageError } from '@orrery/core';
import { storageFailure } from './storage-failure.ts';

const BUSY = 5;

/**
 * Keeps a data file to one process. What is held is the operating system's lock on an empty file beside it, which ends with the
 * process however that ends: nothing to clean up after a kill, and no guessing from process ids.
 */
export class FileLock {
  readonly #connection: DatabaseSync;

  private constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** Takes the lock; throws what `held` makes if another has it, a `StorageError` if it cannot be taken at all. */
  static take(path: string, held: () => StorageError): FileLock {
    let connection: DatabaseSync | undefined;
    try {
      // SQLite's own locking, because Node has none.
      connection = new DatabaseSync(`${path}.lock`, { timeout: 0 });
      connection.exec('BEGIN EXCLUSIVE');
      return new FileLock(connection);
    } catch (error) {
      connection?.close();
      if (typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === BUSY) throw held();
      throw storageFailure(error);
    }
  }

  /** Lets another have it. */
  release(): void {
    this.#connection.close();
  }
}
