import { Duration } from '@orrery/duration';

const MAX_TEXT = 4_000;
const MAX_CAUSES = 5;

/**
 * The fields of a log line in a form that is safe to write: bytes become their count, errors their name, message, code, stack and
 * causes. Everything else an error carries (statements, parameters, rows) may hold what users entrusted to us and is left out.
 */
export function describeFields(fields: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  if (!fields) return described;
  for (const [name, value] of Object.entries(fields)) described[name] = describe(value, 0);
  return described;
}

function describe(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Duration) return value.toString();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (depth >= MAX_CAUSES) return '…';
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => describe(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, describe(item, depth + 1)]));
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    message: cut(error.message),
    ...('code' in error && { code: String(error.code) }),
    ...(error.stack && { stack: cut(error.stack) }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describe(error.cause, depth + 1) }),
  };
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
