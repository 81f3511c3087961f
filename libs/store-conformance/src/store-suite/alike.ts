import { plain } from './plain.ts';

/** Whether two values look the same in their plain form; much faster than making it. */
export function alike(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return (a ?? null) === (b ?? null);
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b) || isSpecial(a) || isSpecial(b))
    return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  return Object.entries(a).every(([key, value]) => key in b && alike(value, b[key as keyof typeof b]));
}

function isSpecial(value: object): boolean {
  return value instanceof Date || 'totalNanos' in value || 'isRetryable' in value;
}
