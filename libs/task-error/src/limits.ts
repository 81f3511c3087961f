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

/**
 * A text that JSON, protobuf and PostgreSQL can carry (lone surrogates and NUL become U+FFFD), cut to so many bytes at a
 * character and with a mark at the end; one that fits is left as it is.
 */
export function clip(text: string, maxBytes: number): string {
  // One unit too many is enough to be cut below: a megabyte of text is not looked through for a kilobyte of it.
  const portable = text
    .slice(0, maxBytes + 1)
    .toWellFormed()
    .replaceAll('\0', '\uFFFD');
  // UTF-8 needs at most three bytes for a UTF-16 unit, so most texts need no counting.
  if (portable.length * 3 <= maxBytes || byteLength(portable) <= maxBytes) return portable;
  const { read } = encoder.encodeInto(portable, new Uint8Array(Math.max(0, maxBytes - MARK_BYTES)));
  return portable.slice(0, read) + MARK;
}
