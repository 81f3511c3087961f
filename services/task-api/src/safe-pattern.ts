import { setFlagsFromString } from 'node:v8';
import isSafe from 'safe-regex2';

// Makes the flag "l" known: an engine that takes no longer for a text than it is long, and refuses what it cannot do so.
setFlagsFromString('--enable-experimental-regexp-engine');

const MAX_PATTERN = 1_000;

/** The longest text that a pattern is matched with which the linear engine does not know; longer ones do not match. */
const MAX_TEXT = 10_000;

/** A pattern that somebody else wrote, and that cannot keep the process busy. Throws an Error that says why it is refused. */
export function safePattern(pattern: string): { test(text: string): boolean } {
  if (pattern.length > MAX_PATTERN) throw new Error(`a pattern is longer than ${MAX_PATTERN} characters`);
  const linear = linearPattern(pattern);
  if (linear) return linear;
  const full = new RegExp(pattern, 'u');
  if (!isSafe(pattern)) throw new Error(`the pattern "${pattern.slice(0, 100)}" may take forever`);
  return { test: (text) => text.length <= MAX_TEXT && full.test(text) };
}

function linearPattern(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'l');
  } catch {
    return undefined;
  }
}
