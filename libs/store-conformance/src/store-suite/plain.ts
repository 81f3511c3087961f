import { TaskError, type TaskErrorData } from '@orrery/task-error';

/**
 * A value in a form in which equal values look the same, whichever classes a driver made them of: instants and durations as text,
 * bytes in Base64, task errors in their JSON form.
 */
export function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object') return typeof value === 'bigint' ? `${value}n` : value;
  if (ArrayBuffer.isView(value)) return bytesToText(value);
  if (Object.prototype.toString.call(value) === '[object Date]') return (value as Date).toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (isTaskError(value)) return TaskError.fromData(value).toJSON();
  if ('totalNanos' in value) return `${String(value.totalNanos)} ns`;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

function bytesToText(bytes: ArrayBufferView): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function isTaskError(value: object): value is TaskErrorData {
  return 'errorType' in value && 'isRetryable' in value;
}
