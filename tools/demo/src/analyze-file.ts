import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { TaskError } from '@orrery/task-error';
import prettyBytes from 'pretty-bytes';
import type { FileAnalysis, FileParams } from './file-analysis.ts';
import { binaryTypeOf, textTypeOf } from './file-type.ts';
import { fileSystemError, rejected } from './rejection.ts';
import { NotUtf8Error, TextCounter } from './text-counter.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Finds out size, lines, words, SHA-256 and type of a text file, reading it once in chunks. Throws a TaskError that rejects what is
 * no UTF-8 text file of at most `maxBytes` or cannot be read, a retryable one for what may pass, the signal's reason if aborted.
 */
export async function analyzeFile(params: FileParams, signal?: AbortSignal): Promise<FileAnalysis> {
  const { path, pathBytes } = params;
  const location = pathBytes === undefined ? path : Buffer.from(pathBytes, 'base64');
  let file: FileHandle | undefined;
  try {
    // Before it is opened: to open a device or a pipe may have effects.
    check(await stat(location, { bigint: true }), params);
    file = await open(location, constants.O_RDONLY | constants.O_NONBLOCK);
    const before = await file.stat({ bigint: true });
    check(before, params);
    const analysis = await read(file, before, params, signal);
    const after = await file.stat({ bigint: true });
    if (analysis.size !== Number(after.size) || versionOf(before) !== versionOf(after)) throw changing(path);
    return analysis;
  } catch (error) {
    if (error instanceof TaskError || signal?.aborted) throw error;
    throw fileSystemError(error, path);
  } finally {
    await file?.close();
  }
}

/** Throws what rejects the file if it is none, or too large. */
function check(stats: BigIntStats, { path, maxBytes }: FileParams): void {
  if (!stats.isFile()) {
    const message = `it is ${kindOf(stats)}, not a file`;
    throw rejected('NOT_A_FILE', { errorType: 'validation', message, context: { path } });
  }
  if (stats.size <= maxBytes) return;
  const message = `it has ${binarySize(stats.size)}, more than the limit of ${binarySize(maxBytes)}`;
  throw rejected('TOO_LARGE', { errorType: 'validation', message, context: { path, size: Number(stats.size) } });
}

async function read(
  file: FileHandle,
  stats: BigIntStats,
  { path }: FileParams,
  signal: AbortSignal | undefined,
): Promise<FileAnalysis> {
  const hash = createHash('sha256');
  const counter = new TextCounter();
  // One byte more than there should be, so that one read finds the end of a small file or that it grew.
  const buffer = Buffer.allocUnsafe(Math.min(Number(stats.size) + 1, CHUNK_BYTES));
  let head: Buffer = Buffer.alloc(0);
  let size = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    if (size === 0) head = Buffer.from(chunk.subarray(0, 4_100));
    if (chunk.includes(0)) throw await binary(path, head, size + chunk.indexOf(0));
    hash.update(chunk);
    await orNotText(path, head, () => counter.add(chunk));
    size += bytesRead;
    // Much larger than when it was checked: left to the comparison of before and after.
    if (size > Number(stats.size)) throw changing(path);
  }
  const count = await orNotText(path, head, () => counter.end());
  return { size, ...count, sha256: hash.digest('hex'), type: textTypeOf(path, head) };
}

async function orNotText<T>(path: string, head: Buffer, decode: () => T): Promise<T> {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof NotUtf8Error)) throw error;
    const type = await binaryTypeOf(head);
    if (type) throw await binary(path, head, null);
    throw rejected('NOT_UTF8', { errorType: 'validation', message: 'it is not UTF-8 text', context: { path } });
  }
}

async function binary(path: string, head: Buffer, nulAt: number | null): Promise<TaskError> {
  const type = await binaryTypeOf(head);
  const message = type ? `it is binary: ${type}` : `it is binary: there is a NUL at byte ${nulAt}`;
  return rejected('BINARY', { errorType: 'validation', message, context: { path, ...(type && { type }) } });
}

/** Retryable; what is still changing at the last attempt stays rejected with this. */
function changing(path: string): TaskError {
  const message = 'it changed while it was read';
  return rejected('CHANGING', { errorType: 'resource', message, isRetryable: true, context: { path } });
}

function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(':');
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function binarySize(bytes: number | bigint): string {
  return prettyBytes(bytes, { binary: true });
}
