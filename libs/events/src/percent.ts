const OUTSIDE_HEADER = /[^\x21\x23\x24\x26-\x7e]/;
const OUTSIDE_TOKEN = /[^A-Za-z0-9_:/-]/;

/**
 * A header value as the CloudEvents bindings ask for it: everything but printable ASCII, and space, `"` and `%`, becomes the
 * `%XX` of its UTF-8 bytes.
 */
export function encodeHeader(value: string): string {
  return OUTSIDE_HEADER.test(value) ? encode(value, OUTSIDE_HEADER) : value;
}

/** One token of a NATS subject: everything but letters, digits and `_:/-` becomes the `%XX` of its UTF-8 bytes. */
export function encodeToken(value: string): string {
  // A subject has no empty tokens; a lone % is nothing else's encoding.
  if (value === '') return '%';
  return OUTSIDE_TOKEN.test(value) ? encode(value, OUTSIDE_TOKEN) : value;
}

/** Reads either encoding back; what is not well-formed stays as it is, as the CloudEvents bindings ask. */
export function decodePercent(value: string): string {
  if (!value.includes('%')) return value;
  if (value === '%') return '';
  return value.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
    const text = bytes.toString('utf8');
    return text.includes('\ufffd') && !Buffer.from(text).equals(bytes) ? run : text;
  });
}

function encode(value: string, outside: RegExp): string {
  let text = '';
  for (const character of value.toWellFormed()) text += outside.test(character) ? percent(character) : character;
  return text;
}

function percent(character: string): string {
  let text = '';
  for (const byte of Buffer.from(character)) text += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return text;
}
