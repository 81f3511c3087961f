import { Refusal, StorageError } from '@orrery/core';

/** Whether PostgreSQL stopped a transaction in favour of another (deadlock or serialization): nothing was changed, go again. */
export function isConflict(error: unknown): boolean {
  const code = sqlStateOf(error);
  return code === '40001' || code === '40P01';
}

/** Whether a row with that key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error instanceof StorageError ? error.cause : error) === '23505';
}

/** What the port promises to throw, of what the driver threw. Refusals pass as they are. */
export function storageErrorOf(error: unknown): StorageError | Refusal {
  if (error instanceof StorageError || error instanceof Refusal) return error;
  const message = error instanceof Error ? error.message || error.name : String(error);
  return new StorageError(`PostgreSQL: ${message}`, { cause: error, transient: !isBug(error) });
}

/** Bad data, broken constraints, statements that do not fit the schema: doing it again would end the same way. */
function isBug(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  return ['22', '23', '42'].includes(sqlStateOf(error)?.slice(0, 2) ?? '');
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
