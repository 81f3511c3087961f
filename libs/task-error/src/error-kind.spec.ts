import { ERROR_TYPES, RETRYABLE_BY_DEFAULT } from './error-type.ts';
import { fromErrorKind, toErrorKind } from './error-kind.ts';

describe('error kinds', () => {
  it('go to a type and back', () => {
    const kinds = [...new Set(ERROR_TYPES.map(toErrorKind))];
    expect(kinds).toHaveLength(12);
    expect(kinds.map((kind) => toErrorKind(fromErrorKind(kind) ?? ''))).toEqual(kinds);
  });

  it('retry like the type they stand for', () => {
    for (const type of ERROR_TYPES)
      expect(RETRYABLE_BY_DEFAULT.has(fromErrorKind(toErrorKind(type)) ?? '')).toBe(RETRYABLE_BY_DEFAULT.has(type));
  });

  it('are read in either spelling, with the alias of the guide', () => {
    const kinds = [
      'NetworkError',
      'RATE_LIMITED',
      'DatabaseConnectionFailed',
      'DatabaseError',
      'DATABASE_ERROR',
      'Whatever',
      'toString',
    ];
    expect(kinds.map(fromErrorKind)).toEqual([
      'network',
      'rate_limited',
      'database',
      'database',
      'database',
      undefined,
      undefined,
    ]);
  });
});
