import { Duration } from '@orrery/duration';

/** How values that JSON does not have stand in it: objects with one field of these names. */
const TAGS = { bytes: '$bytes', duration: '$duration', instant: '$instant' } as const;

/** A value as JSON, with bytes, durations and instants in it. For what is kept whole, and no statement looks into. */
export function writeTaggedJson(value: unknown): string {
  return JSON.stringify(tag(value));
}

/** Reads what `writeTaggedJson` wrote. */
export function readTaggedJson(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown) => untag(value));
}

function tag(value: unknown): unknown {
  if (value instanceof Uint8Array) return { [TAGS.bytes]: Buffer.from(value).toString('base64') };
  if (value instanceof Duration) return { [TAGS.duration]: value.toJSON() };
  if (value instanceof Date) return { [TAGS.instant]: value.getTime() };
  if (Array.isArray(value)) return value.map(tag);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, tag(each)]));
}

function untag(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const [[name, content] = [], ...others] = Object.entries(value) as [string, unknown][];
  if (others.length > 0) return value;
  if (name === TAGS.bytes && typeof content === 'string') return new Uint8Array(Buffer.from(content, 'base64'));
  if (name === TAGS.duration && typeof content === 'string') return Duration.from(content);
  if (name === TAGS.instant && typeof content === 'number') return new Date(content);
  return value;
}
