import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { StorageError } from '@orrery/core';

/** What a journal begins with: which migrations had made the tables when its first line was written. */
export interface JournalHeader {
  readonly orrery: 'journal';
  readonly migrations: readonly string[];
}

const NEWLINE = 10;
/** `{"crc":"0123abcd","changes":` and what follows up to the last `}`. */
const LINE = /^\{"crc":"([0-9a-f]{8})","changes":(.*)\}$/s;

/**
 * A file to whose end lines of JSON are written, one for each transaction, and each on the disk before anybody hears of it. All
 * methods throw `StorageError`.
 */
export class Journal {
  readonly path: string;
  #file: number | null = null;
  #size = 0;
  /** Why it can no longer be trusted to hold what was written. */
  #broken: StorageError | null = null;

  constructor(directory: string) {
    this.path = join(directory, 'journal.jsonl');
  }

  /** How many bytes it has. */
  get size(): number {
    return this.#size;
  }

  /**
   * What was written, in order; null: there is no journal yet. A last line that was not written to its end is left out, for nobody
   * has heard of it; one in between that cannot be read is an error.
   */
  read(): { readonly header: JournalHeader; readonly transactions: Iterable<string> } | null {
    if (!existsSync(this.path)) return null;
    const bytes = attempt(`"${this.path}" cannot be read`, () => readFileSync(this.path));
    const lines = linesOf(bytes);
    const first = lines.next();
    const header = first.done ? null : readHeader(first.value.text);
    if (!header) throw damaged(this.path, 1, 'it does not begin as a journal does');
    return { header, transactions: this.#transactions(lines) };
  }

  *#transactions(lines: Iterable<Line>): Generator<string> {
    for (const { text, number, isLast } of lines) {
      const [, crc, changes] = LINE.exec(text) ?? [];
      if (changes !== undefined && crc === checksum(changes)) yield changes;
      else if (!isLast) throw damaged(this.path, number, 'it is not what was written');
    }
  }

  /** Begins anew with what there is now: the old journal is there until the new one is on the disk. */
  rewrite(header: JournalHeader, transactions: Iterable<string>): void {
    const next = `${this.path}.new`;
    attempt(`"${next}" cannot be written`, () => {
      const file = openSync(next, 'w', 0o600);
      let size = 0;
      try {
        size += writeWhole(file, `${JSON.stringify(header)}\n`);
        for (const changes of transactions) size += writeWhole(file, lineOf(changes));
        fsyncSync(file);
        renameSync(next, this.path);
      } catch (error) {
        closeSync(file);
        throw error;
      }
      this.#close();
      this.#file = file;
      this.#size = size;
    });
    this.#settleName();
  }

  /** Until the directory is on the disk a crash would bring the old journal back, without what is written from now on. */
  #settleName(): void {
    try {
      syncDirectory(dirname(this.path));
    } catch (error) {
      this.#broken = storageError(`the directory of "${this.path}" cannot be written`, error, false);
      throw this.#broken;
    }
  }

  /** Adds a transaction; `changes` is its JSON. When it returns, the line is on the disk; when it throws, nothing was added. */
  append(changes: string): void {
    if (this.#broken) throw this.#broken;
    const file = this.#file;
    if (file === null) throw new StorageError('the store is closed', { transient: false });
    try {
      const written = writeWhole(file, lineOf(changes));
      fsyncSync(file);
      this.#size += written;
    } catch (error) {
      this.#takeBack(file, error);
      throw storageError(`"${this.path}" cannot be written`, error, true);
    }
  }

  close(): void {
    this.#close();
    this.#file = null;
  }

  #close(): void {
    if (this.#file !== null) closeSync(this.#file);
  }

  /** What was written of a line that failed must not stay; if that cannot be seen to, nothing more may follow it. */
  #takeBack(file: number, cause: unknown): void {
    try {
      ftruncateSync(file, this.#size);
      fsyncSync(file);
    } catch {
      const message = `"${this.path}" may hold more than was acknowledged: start again`;
      this.#broken = storageError(message, cause, false);
    }
  }
}

interface Line {
  readonly text: string;
  readonly number: number;
  readonly isLast: boolean;
}

/** The lines of a file. One at a time, for all of them together may be longer than a string can be. */
function* linesOf(bytes: Buffer): Generator<Line> {
  let start = 0;
  for (let number = 1; start < bytes.length; number += 1) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    yield { text: bytes.toString('utf8', start, end), number, isLast: end + 1 >= bytes.length };
    start = end + 1;
  }
}

function readHeader(text: string): JournalHeader | null {
  try {
    const header = JSON.parse(text) as JournalHeader | null;
    return header?.orrery === 'journal' && Array.isArray(header.migrations) ? header : null;
  } catch {
    return null;
  }
}

function lineOf(changes: string): string {
  return `{"crc":"${checksum(changes)}","changes":${changes}}\n`;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

function writeWhole(file: number, text: string): number {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
  return bytes.length;
}

/** Makes the directory; throws a `StorageError`. */
export function makeDirectory(path: string): void {
  attempt(`the directory "${path}" cannot be made`, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
}

/** A new name is on the disk only once the directory is. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function damaged(path: string, line: number, why: string): StorageError {
  return new StorageError(`"${path}" is damaged in line ${line}: ${why}`, { transient: false });
}

function attempt<T>(message: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageError(message, error, false);
  }
}

function storageError(message: string, cause: unknown, transient: boolean): StorageError {
  const detail = cause instanceof Error ? `: ${cause.message}` : '';
  return new StorageError(message + detail, { cause, transient });
}
