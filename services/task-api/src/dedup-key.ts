import { hash } from 'node:crypto';
import { DEFAULT_CONTENT_TYPE, type Payload } from '@orrery/core';
import canonicalize from 'canonicalize';

/** Before a number that JavaScript cannot hold exactly, as it was written; text that begins so would be taken for it. */
const NUMBER = '\0number:';

/**
 * By what a task without a key of its own is known: the hash of its type and params. Params that are JSON are brought into one form
 * first (RFC 8785), but for whole numbers beyond 2^53, which count as they are written. Undefined: they say they are JSON, and are not.
 */
export function hashedKey(type: string, params: Payload): string | undefined {
  if (params.contentType !== DEFAULT_CONTENT_TYPE)
    return keyOf([type, params.contentType, Buffer.from(params.data).toString('base64')]);
  try {
    return keyOf([type, params.contentType, canonicalize(parse(params.data))]);
  } catch {
    // No JSON, no UTF-8, text that is not well-formed, or nested more deeply than the stack is deep.
    return undefined;
  }
}

function parse(data: Uint8Array): unknown {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(data);
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && !isExact(value) ? `${NUMBER}${context?.source ?? value}` : value,
  );
}

function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function keyOf(parts: readonly (string | undefined)[]): string {
  return `sha256:${hash('sha256', JSON.stringify(parts), 'hex')}`;
}
