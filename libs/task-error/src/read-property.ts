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
