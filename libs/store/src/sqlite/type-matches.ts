import type { SQLInputValue } from 'node:sqlite';

/** A condition on `t.type` that holds where core's `matchesTypes` does; `place` puts a value into the statement. */
export function typeMatches(types: readonly string[], place: (value: SQLInputValue) => string): string {
  const names = types.filter((type) => !type.endsWith('.*'));
  const prefixes = types.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1));
  const named = `t.type IN (SELECT value FROM json_each(${place(JSON.stringify(names))}))`;
  if (prefixes.length === 0) return named;
  const below = `SELECT 1 FROM json_each(${place(JSON.stringify(prefixes))}) WHERE substr(t.type, 1, length(value)) = value`;
  return `(${named} OR EXISTS (${below}))`;
}
