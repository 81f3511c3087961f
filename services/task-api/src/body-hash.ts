import { hash } from 'node:crypto';

/** A fingerprint of a request's body, by which a repeated request_id is told from a reused one. */
export function bodyHash(encoded: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', encoded, 'hex'), 'hex');
}
