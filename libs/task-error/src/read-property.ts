/** Reads a property of anything whatever; one that is not there, or whose getter throws, is undefined. */
export function readProperty(holder: unknown, name: string): unknown {
  if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return undefined;
  try {
    return (holder as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Reads a property that is text; anything else, and empty text, is undefined. */
export function readText(holder: unknown, name: string): string | undefined {
  const value = readProperty(holder, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Reads a property that is a list; anything else is an empty one. */
export function readList(holder: unknown, name: string): readonly unknown[] {
  const value = readProperty(holder, name);
  try {
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch {
    return [];
  }
}

/** `instanceof` for anything whatever: a revoked or hostile Proxy is an instance of nothing. */
export function isInstance<T>(value: unknown, of: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof of;
  } catch {
    return false;
  }
}
