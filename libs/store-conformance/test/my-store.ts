import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import type { Clock, Payload, Store } from '@orrery/core';
import { openStore } from '@orrery/store';

/** A backend as somebody else may have it: tasks are in a SQLite file, and what they work on and bring about is kept compressed. */
export async function openMyStore({ clock }: { readonly clock: Clock }): Promise<Store> {
  const directory = mkdtempSync(join(tmpdir(), 'my-store-'));
  const store = await openStore(`sqlite:${join(directory, 'my.db')}`, { clock });
  const overridden = { tasks: compressed(store.tasks), schedules: compressed(store.schedules) };
  return new Proxy(store, { get: (_, name) => Reflect.get(overridden, name) ?? bound(store, name) });
}

/** Compresses every payload on its way in, and puts it back on its way out. */
function compressed<T extends object>(part: T): T {
  return new Proxy(part, {
    get: (_, name) => {
      const method = bound(part, name);
      if (!isMethod(method)) return method;
      return async (...args: readonly unknown[]) => {
        const answer = await method(...args.map((arg) => eachPayload(arg, deflateSync)));
        return eachPayload(answer, inflateSync);
      };
    },
  });
}

type Method = (...args: readonly unknown[]) => unknown;

/** A member; a method of its object's, wherever it is called. */
function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name);
  return isMethod(member) ? member.bind(target) : member;
}

function isMethod(member: unknown): member is Method {
  return typeof member === 'function';
}

/** The value with the bytes of its payloads changed, however deep they are in it; what is an object of a class stays what it is. */
function eachPayload(value: unknown, change: (bytes: Uint8Array) => Uint8Array): unknown {
  if (Array.isArray(value)) return value.map((item) => eachPayload(item, change));
  if (typeof value !== 'object' || value?.constructor.name !== 'Object') return value;
  if (isPayload(value)) return { ...value, data: change(value.data) };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, eachPayload(inner, change)]));
}

function isPayload(value: object): value is Payload {
  return 'contentType' in value && 'data' in value;
}
