import { byteLength, clip, MAX_CONTEXT_BYTES } from './limits.ts';

/** Anything JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A JSON object with facts about a failure. */
export type JsonObject = { readonly [key: string]: JsonValue };

const MAX_DEPTH = 16;
const TRUNCATED_KEY = '_truncated';
const TRUNCATED_BYTES = byteLength(`"${TRUNCATED_KEY}":true,`) + 2;

interface Walk {
  readonly ancestors: object[];
  /** What JSON may still be made, counted too low rather than too high: a bound on work, the size is measured afterwards. */
  left: number;
  /** Whether something was left out for that bound. */
  cut: boolean;
}

/**
 * Turns any object into a frozen JSON object of at most 16 KiB without ever throwing. A bigint becomes its digits, a Date
 * its ISO text, an Error its name and message, a cycle `"[Circular]"`; what does not fit is left out and `_truncated: true`
 * says so. A context made here comes out unchanged when put in again.
 */
export function toJsonContext(context: unknown): JsonObject {
  if (typeof context !== 'object' || context === null) return Object.freeze({});
  const walk: Walk = { ancestors: [], left: MAX_CONTEXT_BYTES, cut: false };
  const value = toJsonValue(context, walk);
  return fit(isJsonObject(value) ? value : { value: value ?? null }, walk.cut);
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fit(context: JsonObject, cut: boolean): JsonObject {
  if (!cut && byteLength(JSON.stringify(context)) <= MAX_CONTEXT_BYTES) return context;
  let left = MAX_CONTEXT_BYTES - TRUNCATED_BYTES;
  const kept: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(context)) {
    const keyBytes = byteLength(JSON.stringify(key)) + 2;
    const whole = keyBytes + byteLength(JSON.stringify(value));
    if (whole <= left) {
      kept.push([key, value]);
      left -= whole;
    } else if (typeof value === 'string' && left - keyBytes > 64) {
      // Escapes make JSON longer than the text, six bytes for one at worst; a sixth always fits.
      const shorter = [1, 6].map((part) => clip(value, Math.floor((left - keyBytes - 2) / part)));
      const cut = shorter.find((text) => byteLength(JSON.stringify(text)) <= left - keyBytes);
      if (cut === undefined) continue;
      kept.push([key, cut]);
      left -= keyBytes + byteLength(JSON.stringify(cut));
    }
  }
  return Object.freeze(Object.fromEntries([...kept.filter(([key]) => key !== TRUNCATED_KEY), [TRUNCATED_KEY, true]]));
}

function toJsonValue(value: unknown, walk: Walk): JsonValue | undefined {
  walk.left -= 1;
  switch (typeof value) {
    case 'string':
      return text(value, walk);
    case 'number':
      // Zero has one spelling in JSON.
      return Number.isFinite(value) ? value + 0 : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return text(value.toString(), walk);
    case 'undefined':
      return undefined;
    case 'symbol':
      return text(String(value), walk);
    case 'function':
      return '[Function]';
    case 'object':
      return value === null ? null : fromObject(value, walk);
  }
}

function text(value: string, walk: Walk): string {
  const kept = clip(value, MAX_CONTEXT_BYTES);
  walk.left -= kept.length + 2;
  return kept;
}

function fromObject(value: object, walk: Walk): JsonValue {
  if (walk.ancestors.includes(value)) return '[Circular]';
  if (walk.ancestors.length >= MAX_DEPTH) return '[Too deep]';
  walk.ancestors.push(value);
  try {
    return fromReadable(value, walk);
  } catch {
    return '[Unreadable]';
  } finally {
    walk.ancestors.pop();
  }
}

function fromReadable(value: object, walk: Walk): JsonValue {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.constructor.name}, ${value.byteLength} bytes]`;
  if (Array.isArray(value)) return list(value, walk);
  if (value instanceof Set) return list(value, walk);
  if (value instanceof Map) return record(value, walk);
  if (value instanceof Error) return record(Object.entries({ name: value.name, message: value.message }), walk);
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const json = (value as { toJSON(): unknown }).toJSON();
    return (json === value ? record(Object.entries(value), walk) : toJsonValue(json, walk)) ?? null;
  }
  return record(readEntries(value), walk);
}

function* readEntries(value: object): Generator<[string, unknown]> {
  for (const key of Object.keys(value)) yield [key, readOne(value, key)];
}

function readOne(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return '[Unreadable]';
  }
}

function list(values: Iterable<unknown>, walk: Walk): JsonValue {
  const items: JsonValue[] = [];
  for (const value of values) {
    if (walk.left < 0) {
      walk.cut = true;
      break;
    }
    items.push(toJsonValue(value, walk) ?? null);
  }
  return Object.freeze(items);
}

function record(entries: Iterable<[unknown, unknown]>, walk: Walk): JsonValue {
  const kept: [string, JsonValue][] = [];
  for (const [key, value] of entries) {
    if (walk.left < 0) {
      walk.cut = true;
      break;
    }
    const name = text(String(key), walk);
    const json = toJsonValue(value, walk);
    if (json !== undefined) kept.push([name, json]);
  }
  // fromEntries defines keys rather than assigning them: one called __proto__ stays a plain key.
  return Object.freeze(Object.fromEntries(kept));
}
