/** The first items that pass a test, at most so many; looks no further than it must. */
export function takeWhere<T>(items: Iterable<T>, limit: number, test: (item: T) => boolean): T[] {
  const taken: T[] = [];
  if (limit <= 0) return taken;
  for (const item of items) {
    if (!test(item)) continue;
    taken.push(item);
    if (taken.length >= limit) break;
  }
  return taken;
}

/** The first items up to one that does not pass a test, at most so many. */
export function takeWhile<T>(items: Iterable<T>, limit: number, test: (item: T) => boolean): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (taken.length >= limit || !test(item)) break;
    taken.push(item);
  }
  return taken;
}
