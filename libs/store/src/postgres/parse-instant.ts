/** "2026-01-31 12:00:00", with up to six digits of a second behind it. */
const ORDINARY_LENGTH = 19;

/**
 * PostgreSQL's "2026-01-31 12:00:00.5+00" in ms since 1970; what is less than one is cut off. Digit by digit, since a claim of 500 reads
 * 1,500 of them: 0.08 µs each, where Date.parse takes 0.28. Years outside 1000 to 9999 are left to `Date.parse`.
 */
export function parseInstant(text: string): number {
  if (text[4] !== '-' || text.startsWith('0')) return parseRareInstant(text);
  const seconds = Date.UTC(
    digits(text, 0, 4),
    digits(text, 5, 7) - 1,
    digits(text, 8, 10),
    digits(text, 11, 13),
    digits(text, 14, 16),
    digits(text, 17, 19),
  );
  return text[ORDINARY_LENGTH] === '.' ? seconds + millisAfterDot(text) : seconds;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i += 1) value = value * 10 + digit(text, i);
  return value;
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - 48;
}

/** Trailing zeros are not written: ".5" is half a second. */
function millisAfterDot(text: string): number {
  let value = 0;
  let at = ORDINARY_LENGTH + 1;
  for (let weight = 100; weight >= 1; weight /= 10) {
    const next = digit(text, at);
    // What ends the fraction is "+00".
    if (next < 0) break;
    value += next * weight;
    at += 1;
  }
  return value;
}

function parseRareInstant(text: string): number {
  // Years of more than four digits need a sign in ISO 8601, and six digits.
  const year = text.indexOf('-');
  const iso = `${text.slice(0, -3).replace(' ', 'T')}Z`;
  return Date.parse(year === 4 ? iso : `+${iso.padStart(iso.length + 6 - year, '0')}`);
}
