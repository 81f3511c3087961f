import { badDurations, type BadRequest, type Fields, wrong } from '../fragments.ts';
import type { Loose } from '../write-message.ts';

/** Retry policies that are none, wherever they stand. */
export function badRetryPolicies(field: string, build: (policy: Loose) => Loose): readonly BadRequest[] {
  const policy = (name: string, why: string, fields: Fields): BadRequest =>
    wrong(`${field}.${name}`, why, build(fields));
  const onType = (types: readonly unknown[]): Fields => ({ predicate: 4, error_types: types });
  return [
    ...badDurations(`${field}.initial_delay`, (delay) => build({ initial_delay: delay })),
    ...badDurations(`${field}.max_delay`, (delay) => build({ max_delay: delay })),
    policy('max_attempts', 'too many', { max_attempts: 10_001 }),
    policy('max_attempts', 'as many as can be', { max_attempts: 4_294_967_295 }),
    policy('multiplier', 'below 1', { multiplier: 0.999 }),
    policy('multiplier', 'above 100', { multiplier: 100.001 }),
    policy('multiplier', 'not a number', { multiplier: NaN }),
    policy('multiplier', 'endless', { multiplier: Infinity }),
    policy('multiplier', 'negative', { multiplier: -2 }),
    policy('jitter', 'negative', { jitter: -0.01 }),
    policy('jitter', 'more than all', { jitter: 1.01 }),
    policy('jitter', 'not a number', { jitter: NaN }),
    policy('jitter', 'endless', { jitter: -Infinity }),
    policy('predicate', 'unknown', { predicate: 99 }),
    policy('predicate', 'negative', { predicate: -1 }),
    policy('error_types', 'none for a predicate that needs them', { predicate: 4 }),
    policy('error_types', 'far too many', onType(Array.from({ length: 5000 }, (_, i) => `type-${i}`))),
    policy('error_types[0]', 'empty', onType([''])),
    policy('error_types[0]', 'far too long', onType(['x'.repeat(10_000)])),
    policy('error_types[1]', 'a NUL character', onType(['network', 'a\0b'])),
  ];
}
