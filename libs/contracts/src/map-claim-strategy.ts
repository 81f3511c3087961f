import type { ClaimStrategy } from '@orrery/core';
import { ClaimStrategy as Proto } from './generated/orrery/dispatch/v1/dispatch.ts';
import { invalidField } from './invalid-field.ts';

/** A claim strategy as the wire carries it. */
export function strategyToProto(strategy: ClaimStrategy): Proto {
  return Proto[strategy];
}

/** Reads a claim strategy, PRIORITY where none is given; refuses an unknown one with INVALID_FIELD. */
export function strategyFromProto(strategy: Proto, field: string): ClaimStrategy {
  switch (strategy) {
    case Proto.FIFO:
      return 'FIFO';
    case Proto.LIFO:
      return 'LIFO';
    case Proto.UNSPECIFIED:
    case Proto.PRIORITY:
      return 'PRIORITY';
    default:
      throw invalidField(field, `${strategy} is not a claim strategy`);
  }
}
