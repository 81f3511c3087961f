import { DEFAULT_CONTENT_TYPE, type Payload } from '@orrery/core';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A payload cannot be read, or a value cannot be made one; the message says why. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
}

/** A value as JSON bytes; a Payload stays what it is; undefined is no payload. Throws PayloadError for what is not JSON. */
export function encodePayload(value: unknown): Payload | null {
  if (value === undefined) return null;
  if (isPayload(value)) return value;
  const text = toJson(value);
  if (text === undefined) throw new PayloadError(`a ${typeof value} has no JSON form`);
  return { data: encoder.encode(text), contentType: DEFAULT_CONTENT_TYPE };
}

/**
 * The value of a JSON payload; one of another content type is returned as the Payload it is, an empty or absent one as undefined.
 * Throws PayloadError for broken JSON.
 */
export function decodePayload(payload: Payload | null | undefined): unknown {
  if (!payload || payload.data.byteLength === 0) return undefined;
  if (!isJson(payload.contentType)) return payload;
  try {
    return JSON.parse(decoder.decode(payload.data)) as unknown;
  } catch (error) {
    throw new PayloadError(`the payload is not JSON: ${String(error)}`, { cause: error });
  }
}

/** Whether a value is a Payload already: bytes with a content type. */
function isPayload(value: unknown): value is Payload {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'data' in value &&
    value.data instanceof Uint8Array &&
    'contentType' in value &&
    typeof value.contentType === 'string'
  );
}

function isJson(contentType: string): boolean {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return type === '' || type === DEFAULT_CONTENT_TYPE || type.endsWith('+json');
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new PayloadError(`the value has no JSON form: ${String(error)}`, { cause: error });
  }
}
