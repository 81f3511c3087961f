import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { CATEGORY_BY_TYPE, ERROR_TYPES, SEVERITIES, ERROR_CATEGORIES } from './error-type.ts';
import { MAX_CAUSES, MAX_CONTEXT_BYTES, MAX_MESSAGE_BYTES, MAX_TRACEBACK_BYTES } from './limits.ts';
import { InvalidTaskErrorError } from './task-error-data.ts';
import type { TaskErrorInit } from './task-error-data.ts';
import { TaskError } from './task-error.ts';

const NOW = new Date('2026-03-01T12:00:00.123Z');
const bytes = (text: string): number => Buffer.byteLength(text);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const text = fc.string({ unit: 'binary', maxLength: 40 });

const init: fc.Arbitrary<TaskErrorInit> = fc.record({
  message: text,
  errorType: optional(fc.oneof(fc.constantFrom(...ERROR_TYPES), fc.string())),
  timestamp: fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  }),
  traceback: optional(text),
  exceptionType: optional(text),
  context: optional(
    fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true })),
  ),
  retryCount: optional(fc.nat()),
  maxRetries: optional(fc.nat()),
  isRetryable: optional(fc.boolean()),
  severity: optional(fc.constantFrom(...SEVERITIES)),
  category: optional(fc.constantFrom(...ERROR_CATEGORIES)),
  retryAfter: optional(fc.integer().map((n) => Duration.from({ totalNanos: BigInt(n) * 997n }))),
});
const taskError = fc
  .array(init, { minLength: 1, maxLength: 4 })
  .map((chain) => chain.reduceRight<TaskError | undefined>((cause, own) => new TaskError({ ...own, cause }), undefined))
  .filter((error) => error !== undefined);

describe('B1: TaskError', () => {
  it('fills in what is missing', () => {
    const { timestamp, ...data } = new TaskError({ message: 'boom' }).toData();
    expect(timestamp).toBeInstanceOf(Date);
    expect(data).toStrictEqual({
      errorType: 'runtime',
      message: 'boom',
      context: {},
      retryCount: 0,
      isRetryable: false,
      severity: 'error',
      category: 'application',
    });
  });

  it('can be thrown and caught like any error', () => {
    const error = TaskError.create({ message: 'boom', errorType: 'business' });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('TaskError');
    expect(error.stack).toMatch(/^TaskError: boom\n +at /);
  });

  it.each(ERROR_TYPES)('%s has its category and default', (type) => {
    const retryable = ['network', 'service_unavailable', 'rate_limited', 'timeout', 'database'].includes(type);
    const error = new TaskError({ message: '', errorType: type });
    expect([error.category, error.isRetryable, error.canRetry()]).toEqual([
      CATEGORY_BY_TYPE[type],
      retryable,
      retryable,
    ]);
  });

  it('reads odd names, and keeps words it does not know as unknown ones', () => {
    const read = (errorType: string): string => new TaskError({ message: '', errorType }).errorType;
    expect(['TIMEOUT', 'NETWORK_ERROR', 'DatabaseError', ' '].map(read)).toEqual([
      'timeout',
      'network',
      'database',
      'unknown',
    ]);
    const quota = new TaskError({
      message: '',
      errorType: 'Quota',
      severity: 'fatal' as never,
      category: 'mine' as never,
    });
    expect([quota.errorType, quota.category, quota.isRetryable, quota.severity]).toEqual([
      'quota',
      'unknown',
      false,
      'error',
    ]);
  });

  it('counts retries in copies, up to the limit', () => {
    const first = new TaskError({ message: 'late', errorType: 'timeout', maxRetries: 2, context: { a: 1 } });
    const second = first.incrementRetry();
    expect([first.retryCount, second.retryCount, second.incrementRetry().retryCount]).toEqual([0, 1, 2]);
    expect([first.canRetry(), second.canRetry(), second.incrementRetry().canRetry()]).toEqual([true, true, false]);
    expect({ ...second.toData(), retryCount: 0 }).toStrictEqual(first.toData());
    expect(new TaskError({ message: '', errorType: 'timeout', maxRetries: 0 }).canRetry()).toBe(false);
  });

  it('never changes', () => {
    const error = new TaskError({ message: 'a', context: { list: [1] }, timestamp: NOW });
    expect(() => Object.assign(error, { message: 'b' })).toThrow(TypeError);
    expect(() => (error.context['list'] as number[]).push(2)).toThrow(TypeError);
    error.toData().timestamp.setTime(0);
    expect(error.timestamp).toEqual(NOW);
  });

  it('lets a subclass have fields of its own', () => {
    class Special extends TaskError {
      readonly extra = 1;
    }
    expect(new Special({ message: 'x' }).extra).toBe(1);
  });

  it('refuses counts and instants that are none', () => {
    for (const retryCount of [-1, 1.5, Number.NaN, 2 ** 31])
      expect(() => new TaskError({ message: '', retryCount })).toThrow(InvalidTaskErrorError);
    expect(() => new TaskError({ message: '', timestamp: new Date(Number.NaN) })).toThrow('timestamp');
    expect(() => new TaskError({ message: '', retryAfter: 'soon' })).toThrow('"soon"');
    expect(new TaskError({ message: '', retryAfter: -5 }).retryAfter?.isZero).toBe(true);
  });

  it('cuts what is too long, at a character', () => {
    const error = new TaskError({
      message: '€'.repeat(9000),
      traceback: 'x'.repeat(40_000),
      context: { a: 1, b: 'y'.repeat(20_000), c: 2 },
    });
    expect(bytes(error.message)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    expect(error.message).toMatch(/^€{2700,}… \[truncated\]$/);
    expect(bytes(error.traceback ?? '')).toBe(MAX_TRACEBACK_BYTES);
    expect(bytes(JSON.stringify(error.context))).toBeLessThanOrEqual(MAX_CONTEXT_BYTES);
    expect(error.context).toMatchObject({ a: 1, _truncated: true });
  });

  it('keeps so many causes and no more', () => {
    let error = new TaskError({ message: '0' });
    for (let n = 1; n <= 2 * MAX_CAUSES; n += 1) error = new TaskError({ message: String(n), cause: error });
    const messages: string[] = [];
    for (let cause = error.cause; cause; cause = cause.cause) messages.push(cause.message);
    expect(messages).toEqual(Array.from({ length: MAX_CAUSES }, (_, index) => String(2 * MAX_CAUSES - 1 - index)));
  });
});

describe('TaskError.fromException', () => {
  it('keeps what the error tells', () => {
    const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read', port: 5432 });
    const thrown = new TypeError('fetch failed', { cause });
    const error = TaskError.fromException(thrown, { timestamp: NOW, context: { operation: 'lookup' } });
    expect(error).toMatchObject({
      errorType: 'network',
      exceptionType: 'TypeError',
      isRetryable: true,
      category: 'external',
    });
    expect([error.message, error.traceback, error.timestamp]).toEqual(['fetch failed', thrown.stack, NOW]);
    expect(error.context).toStrictEqual({ operation: 'lookup' });
    expect(error.cause?.context).toStrictEqual({ code: 'ECONNRESET', syscall: 'read', port: 5432 });
    expect(error.cause?.errorType).toBe('network');
  });

  it('takes overrides', () => {
    const error = TaskError.fromException(new Error('x'), {
      errorType: 'timeout',
      maxRetries: 3,
      message: 'y',
      severity: undefined,
    });
    expect([error.errorType, error.canRetry(), error.message, error.severity]).toEqual(['timeout', true, 'y', 'error']);
    expect(TaskError.fromException(error, { errorType: 'business' }).canRetry()).toBe(false);
    expect(TaskError.fromException(error, { context: { a: 1 } }).toData()).toStrictEqual({
      ...error.toData(),
      context: { a: 1 },
    });
  });

  it('leaves a TaskError what it is, and notes where it was thrown', () => {
    const thrown = new TaskError({ message: 'x', errorType: 'user', retryAfter: '5s' });
    const error = TaskError.fromException(thrown);
    expect(error.toData()).toStrictEqual({ ...thrown.toData(), traceback: thrown.stack });
    expect(TaskError.fromException(error)).toBe(error);
  });

  it.each([
    [{ 'retry-after': '7' }, '7s'],
    [new Headers({ 'Retry-After': 'Sun, 01 Mar 2026 12:00:10 GMT' }), '9.877s'],
    [new Headers({ 'Retry-After': 'nonsense' }), undefined],
  ])('reads Retry-After of %j', (headers, expected) => {
    const thrown = Object.assign(new Error('slow down'), { response: { status: 429, headers } });
    const error = TaskError.fromException(thrown, { timestamp: NOW });
    expect([error.errorType, error.retryAfter?.toString()]).toEqual(['rate_limited', expected]);
  });

  it('makes sense of what is no Error', () => {
    const messages = ['text', undefined, null, 7, { a: 1n }, new AggregateError([new Error('a'), new Error('b')])];
    expect(messages.map((thrown) => TaskError.fromException(thrown).message)).toEqual([
      'text',
      'undefined was thrown',
      'null was thrown',
      '7 was thrown',
      '{"a":"1"}',
      'a; b',
    ]);
  });

  it('ends on a cycle of causes', () => {
    const thrown = new Error('a');
    thrown.cause = new Error('b', { cause: thrown });
    expect(TaskError.fromException(thrown).cause?.cause).toBeUndefined();
  });

  it('never throws, whatever was thrown', () => {
    const hostile = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('no');
      },
    });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    for (const thrown of [hostile, revoked.proxy, new Error('x', { cause: revoked.proxy }), { errors: revoked.proxy }])
      expect(TaskError.fromException(thrown, { context: { thrown } }).toJSON().message).not.toBe('');
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true }), (thrown) => {
        expect(TaskError.fromJSON(TaskError.fromException(thrown).toJSON())).toBeInstanceOf(TaskError);
      }),
    );
  });
});

describe('TaskError as JSON', () => {
  it('has the keys of the wire', () => {
    const error = new TaskError({
      ...{
        message: 'busy',
        errorType: 'rate_limited',
        timestamp: NOW,
        context: { host: 'a' },
        maxRetries: 3,
        retryAfter: '1m30s',
      },
      cause: new TaskError({ message: 'inner', timestamp: NOW }),
    });
    const absent = {
      traceback: null,
      exception_type: null,
      retry_count: 0,
      severity: 'error',
      timestamp: NOW.toISOString(),
    };
    expect(JSON.parse(JSON.stringify(error))).toStrictEqual({
      ...absent,
      ...{ error_type: 'rate_limited', message: 'busy', context: { host: 'a' }, max_retries: 3, is_retryable: true },
      ...{ category: 'external', retry_after: '90s' },
      cause: {
        ...absent,
        ...{ error_type: 'runtime', message: 'inner', context: {}, max_retries: null, is_retryable: false },
        ...{ category: 'application', retry_after: null, cause: null },
      },
    });
  });

  it('comes back as it was, by object, by text and by data', () => {
    fc.assert(
      fc.property(taskError, (error) => {
        const json = JSON.stringify(error);
        expect(TaskError.fromJSON(JSON.parse(json)).toData()).toStrictEqual(error.toData());
        expect(TaskError.fromJSON(json).toData()).toStrictEqual(error.toData());
        expect(TaskError.fromData(error.toData()).toData()).toStrictEqual(error.toData());
        expect(new TaskError(error.toData()).toData()).toStrictEqual(error.toData());
      }),
    );
  });

  it('fills in what is missing', () => {
    expect(TaskError.fromJSON({})).toMatchObject({
      errorType: 'unknown',
      retryCount: 0,
      isRetryable: false,
      severity: 'error',
    });
    const old = TaskError.fromJSON({
      error_type: 'TIMEOUT',
      message: 'm',
      severity: 'odd',
      timestamp: '2025-12-01T10:30:45.123456',
    });
    expect([old.errorType, old.isRetryable, old.severity, old.category]).toEqual(['timeout', true, 'error', 'system']);
    expect(old.timestamp).toEqual(new Date('2025-12-01T10:30:45.123Z'));
    expect(TaskError.fromJSON('it broke')).toMatchObject({ errorType: 'unknown', message: 'it broke' });
    expect(TaskError.fromJSON('{broken')).toMatchObject({ message: '{broken' });
  });

  it.each([
    [5, 'a number'],
    [null, 'null'],
    [[], 'a list'],
    [{ message: 5 }, 'message is a number, not a string'],
    [{ context: [] }, 'context is a list'],
    [{ timestamp: 'yesterday' }, 'timestamp "yesterday"'],
    [{ retry_after: 'soon' }, 'retry_after: Invalid duration "soon"'],
    [{ retry_count: -1 }, 'retryCount -1'],
    [{ is_retryable: 'yes' }, 'is_retryable is a string'],
    [{ cause: 7 }, 'a number'],
  ])('refuses %j', (json, reason) => {
    expect(() => TaskError.fromJSON(json)).toThrow(InvalidTaskErrorError);
    expect(() => TaskError.fromJSON(json)).toThrow(reason);
  });

  it('reads any garbage or refuses it clearly', () => {
    const keys = Object.keys(new TaskError({ message: '' }).toJSON());
    const garbage = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...keys), fc.anything({ maxDepth: 2 })));
    fc.assert(
      fc.property(garbage, (json) => {
        try {
          expect(TaskError.fromJSON(json)).toBeInstanceOf(TaskError);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidTaskErrorError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
