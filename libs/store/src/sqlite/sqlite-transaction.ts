import type { Clock, OrreryEvent } from '@orrery/core';
import { encodeEvent, type EncodedEvent } from '../event-codec.ts';
import type { SharedTransaction } from './group-commit.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** A row of the outbox takes no more events than this once it has some, so that none grows without end. */
const MAX_ROW_EVENTS = 1000;

const ADD_ROW = 'INSERT INTO outbox (namespace, at, events) VALUES (?, ?, ?)';

/** Where else a transaction's changes are written. */
export interface ChangeJournal {
  /** Called when everything but the commit is done: what it throws undoes the transaction. */
  write(): void;
  /** Called after the commit. Does not throw. */
  tidy(): void;
}

/**
 * The write transaction that calls share, all at one instant. It keeps the events that calls tell and writes them just before the
 * commit: few rows for many calls, and none for a call that was undone.
 */
export class SqliteTransaction implements SharedTransaction {
  readonly db: SqliteDatabase;
  readonly #clock: Clock;
  readonly #journal: ChangeJournal | undefined;
  #now = new Date(0);
  #events: { readonly namespace: string; readonly event: EncodedEvent }[] = [];
  #eventsAtSavepoint = 0;

  constructor(db: SqliteDatabase, clock: Clock, journal?: ChangeJournal) {
    this.db = db;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** The instant at which everything in this transaction happens. */
  get now(): Date {
    return this.#now;
  }

  get isOpen(): boolean {
    return this.db.inTransaction;
  }

  /** Adds an event to the outbox. */
  tell(event: OrreryEvent): void {
    this.tellEncoded(event.namespace, encodeEvent(event));
  }

  /** Adds an event of now to the outbox, in its stored form. */
  tellEncoded(namespace: string, event: EncodedEvent): void {
    this.#events.push({ namespace, event });
  }

  begin(): void {
    this.#events = [];
    this.#now = this.#clock.now();
    this.db.run('BEGIN IMMEDIATE');
  }

  commit(): void {
    this.#writeEvents();
    this.#journal?.write();
    this.db.run('COMMIT');
    this.#journal?.tidy();
  }

  rollback(): void {
    if (this.isOpen) this.db.run('ROLLBACK');
  }

  setSavepoint(): void {
    this.db.run('SAVEPOINT call');
    this.#eventsAtSavepoint = this.#events.length;
  }

  releaseSavepoint(): void {
    this.db.run('RELEASE call');
  }

  rollbackToSavepoint(): void {
    this.db.run('ROLLBACK TO call');
    this.db.run('RELEASE call');
    this.#events.length = this.#eventsAtSavepoint;
  }

  #writeEvents(): void {
    let row: EncodedEvent[] = [];
    this.#events.forEach(({ namespace, event }, index) => {
      row.push(event);
      if (row.length < MAX_ROW_EVENTS && this.#events[index + 1]?.namespace === namespace) return;
      this.db.run(ADD_ROW, namespace, this.#now.getTime(), JSON.stringify(row));
      row = [];
    });
  }
}
