import { once, EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { classifyException } from './classify-exception.ts';
import { ERROR_TYPES } from './error-type.ts';
import type { ErrorType } from './error-type.ts';

const withCode = (code: string | number, more: object = {}): Error =>
  Object.assign(new Error('failed'), { code, ...more });
const grpc = (code: number): Error => withCode(code, { details: 'failed', metadata: {} });
const named = (name: string): Error => Object.assign(new Error('failed'), { name });

async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('B1: classifyException: what really gets thrown', () => {
  it.each<[ErrorType, string, () => unknown]>([
    ['network', 'a refused connection', async () => once(connect(await closedPort(), '127.0.0.1'), 'connect')],
    ['network', 'a fetch that wraps it', async () => fetch(`http://127.0.0.1:${await closedPort()}/`)],
    ['not_found', 'a missing file', () => readFile('/no/such/file')],
    ['timeout', 'a passed deadline', () => once(new EventEmitter(), 'x', { signal: AbortSignal.timeout(1) })],
    ['cancelled', 'an abort', () => once(new EventEmitter(), 'x', { signal: AbortSignal.abort() })],
    ['cancelled', 'the reason of an abort', () => AbortSignal.abort().throwIfAborted()],
    ['validation', 'bad JSON', () => JSON.parse('{')],
    [
      'validation',
      'a broken constraint',
      () => new DatabaseSync(':memory:').exec('create table t(a not null); insert into t values (null)'),
    ],
    ['runtime', 'bad SQL', () => new DatabaseSync(':memory:').exec('selec')],
  ])('%s: %s', async (type, _what, action) => {
    expect(classifyException(await thrownBy(action))).toBe(type);
  });

  it('database: a locked SQLite file', async () => {
    const file = `file:locked-${process.pid}?mode=memory&cache=shared`;
    const [one, two] = [new DatabaseSync(file), new DatabaseSync(file)];
    one.exec('create table t(a); begin immediate; insert into t values (1)');
    expect(classifyException(await thrownBy(() => two.exec('insert into t values (2)')))).toBe('database');
    one.close();
    two.close();
  });
});

describe('classifyException: what an error carries', () => {
  it.each<[ErrorType, unknown[]]>([
    [
      'network',
      ['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'EPIPE', 'EAI_AGAIN', 'UND_ERR_SOCKET'].map((c) => withCode(c)),
    ],
    ['timeout', ['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT', 'DEADLINE_EXCEEDED'].map((c) => withCode(c))],
    ['permission_denied', [withCode('EACCES'), withCode('EPERM'), withCode('42501'), withCode('28P01')]],
    ['resource', [withCode('ENOSPC'), withCode('EMFILE'), withCode('ENOMEM'), withCode('SQLITE_FULL')]],
    ['system', [withCode('EIO', { syscall: 'read' }), grpc(13)]],
    ['database', ['08006', '40001', '40P01', '53300', '57P01', '55P03'].map((c) => withCode(c))],
    [
      'database',
      [withCode('SQLITE_BUSY'), withCode('SQLITE_BUSY_SNAPSHOT'), withCode('ERR_SQLITE_ERROR', { errcode: 517 })],
    ],
    ['validation', [withCode('23505'), withCode('22P02'), withCode('SQLITE_CONSTRAINT_UNIQUE')]],
    ['service_unavailable', [grpc(14), grpc(10), withCode('UNAVAILABLE')]],
    ['timeout', [grpc(4)]],
    ['rate_limited', [grpc(8)]],
    ['invalid_input', [grpc(3), grpc(11)]],
    ['permission_denied', [grpc(7), grpc(16)]],
    ['cancelled', [grpc(1)]],
    ['not_found', [grpc(5), new DOMException('no such node', 'NotFoundError')]],
    ['rate_limited', [{ status: 429 }, { statusCode: 429 }, { response: { status: 429 } }]],
    ['service_unavailable', [{ status: 502 }, { status: 503 }, { $metadata: { httpStatusCode: 504 } }]],
    ['not_found', [{ status: 404 }, { status: 410 }]],
    ['permission_denied', [{ status: 401 }, { status: 403 }]],
    ['invalid_input', [{ status: 400 }, { status: 418 }]],
    [
      'validation',
      [{ status: 422 }, named('ValidationError'), named('ZodError'), new TypeError('x'), new RangeError('x')],
    ],
    ['timeout', [named('TimeoutError'), { status: 408 }]],
    [
      'runtime',
      [new Error('plain'), new ReferenceError('x'), withCode('WHATEVER'), withCode(14), new Error('x', { cause: 'y' })],
    ],
    ['unknown', ['text', 7, null, undefined, {}, [], () => 1, { status: 200 }, { code: 14 }]],
  ])('%s', (type, thrown) => {
    expect(thrown.map(classifyException)).toEqual(thrown.map(() => type));
  });

  it('looks into the causes of what says nothing itself', () => {
    const reset = withCode('ECONNRESET');
    expect(classifyException(new Error('a', { cause: new Error('b', { cause: reset }) }))).toBe('network');
    expect(classifyException(new TypeError('fetch failed', { cause: reset }))).toBe('network');
    expect(classifyException(new AggregateError([new Error('a'), reset]))).toBe('network');
    expect(classifyException(withCode('ENOENT', { cause: reset }))).toBe('not_found');
    expect(classifyException(Object.assign(named('AbortError'), { cause: named('TimeoutError') }))).toBe('timeout');
    expect(classifyException(Object.assign(named('AbortError'), { cause: reset }))).toBe('cancelled');
  });

  it('ends on a cycle of causes', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });
    expect(classifyException(error)).toBe('runtime');
  });

  it('has an answer for anything', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (thrown) => {
        expect(ERROR_TYPES).toContain(classifyException(thrown));
      }),
    );
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        getPrototypeOf: () => null,
      },
    );
    expect(classifyException(hostile)).toBe('unknown');
  });
});
