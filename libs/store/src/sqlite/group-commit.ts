import { StorageError } from '@orrery/core';

/** A transaction that calls share: each works inside a savepoint of its own. */
export interface SharedTransaction {
  begin(): void;
  commit(): void;
  /** Gives everything up; must do no harm when the transaction has ended already. */
  rollback(): void;
  /** Whether the transaction still stands: some errors end it from inside. */
  readonly isOpen: boolean;
  setSavepoint(): void;
  releaseSavepoint(): void;
  rollbackToSavepoint(): void;
}

/** After this long a group is committed even if more calls wait, so that the process gets to do other things. */
const MAX_GROUP_MS = 25;

interface Call {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the calls of one turn of the event loop into one transaction: a hundred calls then cost one sync of the disk. A call
 * that throws undoes its own work only. Nobody hears of an outcome, not even a refusal, before the commit it rests on.
 */
export class GroupCommit {
  readonly #transaction: SharedTransaction;
  #waiting: Call[] = [];
  #scheduled = false;
  #isClosed = false;

  constructor(transaction: SharedTransaction) {
    this.#transaction = transaction;
  }

  /** Does some work in the next transaction; in the order of the calls. Rejects with what it throws, or with the commit's failure. */
  run<T>(work: () => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new StorageError('the store is closed', { transient: false }));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as Call['resolve'], reject });
      this.#schedule();
    });
  }

  /** Commits what waits, and takes no more. */
  close(): void {
    this.#isClosed = true;
    while (this.#waiting.length > 0) this.#commitGroup();
  }

  // Not a microtask: calls that arrived together in several messages are to share a transaction, too.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#waiting.length === 0) return;
      this.#commitGroup();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commitGroup(): void {
    const calls = this.#waiting;
    this.#waiting = [];
    const settled: (() => void)[] = [];
    try {
      this.#transaction.begin();
      const end = performance.now() + MAX_GROUP_MS;
      for (const call of calls) {
        if (settled.length > 0 && performance.now() > end) break;
        settled.push(this.#attempt(call));
      }
      this.#transaction.commit();
    } catch (error) {
      this.#giveUp();
      // What was begun is lost with the transaction; the others have not been tried, but would hardly fare better.
      for (const call of calls) call.reject(error);
      return;
    }
    this.#waiting = calls.slice(settled.length).concat(this.#waiting);
    for (const settle of settled) settle();
  }

  #giveUp(): void {
    try {
      this.#transaction.rollback();
    } catch {
      // The callers hear of the first failure; the next group cannot begin while this transaction stands, and comes here again.
    }
  }

  #attempt({ work, resolve, reject }: Call): () => void {
    this.#transaction.setSavepoint();
    try {
      const value = work();
      this.#transaction.releaseSavepoint();
      return () => resolve(value);
    } catch (error) {
      if (!this.#transaction.isOpen) throw error;
      this.#transaction.rollbackToSavepoint();
      return () => reject(error);
    }
  }
}
