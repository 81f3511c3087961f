import { accessSync, constants } from 'node:fs';
import { Duration } from '@orrery/duration';
import { z } from 'zod';

/** The configuration is wrong; the message names every problem, for whoever configures the process to read. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Environment variables, e.g. `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Reads a configuration, frozen; an empty variable counts as unset. Throws a ConfigError that names all problems at once. */
export function readEnv<Schema extends z.ZodType>(schema: Schema, env: Env): Readonly<z.output<Schema>> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const { success, data, error } = schema.safeParse(set);
  if (success) return freeze(data);
  const problems = error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(`the configuration is wrong:\n${problems.join('\n')}`);
}

/** A length of time greater than zero, e.g. "30s" or "PT1H". */
export function durationText() {
  return z.string().transform((text, context): Duration => {
    const duration = parse(text);
    if (duration && !duration.isNegative && !duration.isZero) return duration;
    context.addIssue(`"${text}" is not a length of time such as "30s", "1h30m" or "PT30S"`);
    return z.NEVER;
  });
}

/** A TCP port; 0 is any free one. */
export function portNumber() {
  return z.string().transform((text, context): number => {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
    if (port <= 65_535) return port;
    context.addIssue(`"${text}" is not a port from 0 to 65535`);
    return z.NEVER;
  });
}

/** The path of a file that can be read; what it holds is not looked at. */
export function readableFile() {
  return z.string().refine(isReadable, 'is not a file that can be read');
}

/** One or more addresses "host:port", separated by commas; an IPv6 host is in brackets. */
export function addressList() {
  return z.string().transform((text, context): readonly string[] => {
    const addresses = text.split(',').map((address) => address.trim());
    for (const address of addresses)
      if (!isAddress(address)) context.addIssue(`"${address}" is not an address such as "localhost:7001"`);
    return addresses;
  });
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function isAddress(address: string): boolean {
  const port = /^(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/@[\]]+):(\d{1,5})$/.exec(address)?.[1];
  return port !== undefined && Number(port) > 0 && Number(port) <= 65_535;
}

function parse(text: string): Duration | null {
  try {
    return Duration.parse(text);
  } catch {
    return null;
  }
}

function freeze<T>(value: T): T {
  const plain = Array.isArray(value) || (isObject(value) && Object.getPrototypeOf(value) === Object.prototype);
  if (!plain) return value;
  Object.values(value as object).forEach(freeze);
  return Object.freeze(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
