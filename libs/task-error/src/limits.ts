/** Longest message kept, in bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 8 * 1024;
/** Longest traceback kept, in bytes of UTF-8. */
export const MAX_TRACEBACK_BYTES = 32 * 1024;
/** Longest name of an error type or exception class kept, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 256;
/** Largest context kept, in bytes of its JSON. */
export const MAX_CONTEXT_BYTES = 16 * 1024;
/** How many causes are kept below the outermost error. */
export const MAX_CAUSES = 8;
/** Largest retry count and retry limit, as 32 bits carry it. */
export const MAX_RETRY_COUNT = 2_147_483_647;

const MARK = '… [truncated]';
const MARK_BYTES = 15;
const encoder = new TextEncoder();

/** The size of a text in bytes of UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).byteLength;
}

/** Cuts a text to so many bytes, at a character and with a mark at the end; one that fits is left as it is. */
export function truncate(text: string, maxBytes: number): string {
  // UTF-8 needs at most three bytes for a UTF-16 unit, so most texts need no counting.
  if (text.length * 3 <= maxBytes || (text.length <= maxBytes && byteLength(text) <= maxBytes)) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, maxBytes - MARK_BYTES)));
  return text.slice(0, read) + MARK;
}

/** Replaces what JSON, protobuf or PostgreSQL cannot carry in a text (lone surrogates, NUL) by U+FFFD. */
export function portable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
