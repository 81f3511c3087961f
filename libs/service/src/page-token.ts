import { createHash } from 'node:crypto';
import { Refusal } from '@orrery/core';

/**
 * Makes the token of the next page: the last id of this page, bound to the query it belongs to. Opaque to callers; not secret,
 * since it holds nothing that they were not sent.
 */
export function makePageToken(lastId: string, query: unknown): string {
  return Buffer.from(`${fingerprint(lastId, query)}${lastId}`).toString('base64url');
}

/** Reads a token back; refuses one that was not made for this query. Empty: the first page. */
export function readPageToken(token: string, query: unknown, field = 'page_token'): string | undefined {
  return readPlaceToken(token, query, (lastId) => (NAME.test(lastId) ? lastId : undefined), field);
}

/**
 * The same where a page ends with something else than an id. Anybody can make a token up: `parse` returns undefined for what this server
 * would not have written.
 */
export function readPlaceToken<T>(
  token: string,
  query: unknown,
  parse: (place: string) => T | undefined,
  field = 'page_token',
): T | undefined {
  if (token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString();
  const written = text.slice(LENGTH);
  const isOurs = text.slice(0, LENGTH) === fingerprint(written, query);
  const place = isOurs ? parse(written) : undefined;
  if (place !== undefined) return place;
  throw new Refusal('INVALID_PAGE_TOKEN', `${field} does not belong to this request; start again without one`, {}, [
    { field, description: 'was not made by this server for this request' },
  ]);
}

const LENGTH = 16;

const NAME = /^[A-Za-z0-9._:/-]{1,255}$/;

function fingerprint(lastId: string, query: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([lastId, query]))
    .digest('base64url')
    .slice(0, LENGTH);
}
