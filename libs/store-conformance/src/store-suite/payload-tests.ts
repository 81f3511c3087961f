import type { Payload } from '@orrery/core';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, one } from './suite-values.ts';

const MEBIBYTE = 1024 * 1024;

const PAYLOADS: Record<string, Payload> = {
  'no bytes': { data: new Uint8Array(), contentType: 'application/json' },
  'every byte there is': { data: Uint8Array.from({ length: 256 }, (_, byte) => byte), contentType: 'a/b' },
  'bytes that are no UTF-8': { data: Uint8Array.of(0xff, 0xfe, 0, 0xc3, 0x28, 0x5c, 0x27, 0), contentType: '' },
  'text of many scripts': {
    data: new TextEncoder().encode('{"a":"日本語 🦄 é\\u0000"}'),
    contentType: 'text/plain; ü',
  },
  'a mebibyte': {
    data: Uint8Array.from({ length: MEBIBYTE }, (_, n) => (n * 31 + (n >> 8)) % 256),
    contentType: 'a/b',
  },
};

/** That what callers hand over comes back as it was. */
export function payloadTests(context: SuiteContext): void {
  describe('payloads', () => {
    it.each(Object.keys(PAYLOADS))('of %s survive as params and as results', async (name) => {
      const payload = PAYLOADS[name] ?? null;
      const task = await context.running({ ...(payload && { params: payload }) });
      expect(plain(task.params)).toEqual(plain(payload));
      await context.complete(leaseOf(task), payload);
      const done = await context.get(task.id);
      expect(plain(done.params)).toEqual(plain(payload));
      expect(plain(done.result)).toEqual(plain(payload));
      expect(plain(one(await context.list()))).toEqual(plain(done));
    });

    it('are never mixed up in one call', async () => {
      const params = Array.from({ length: 50 }, (_, n) => ({ data: Uint8Array.of(n, 255 - n), contentType: `t/${n}` }));
      const ids = await context.create(...params.map((each) => ({ params: each })));
      const claimed = await context.claim({ count: 50 });
      for (const task of claimed) expect(plain(task.params)).toEqual(plain(params[ids.indexOf(task.id)]));
      await context.tasks.completeTasks(
        context.namespace,
        claimed.map((task) => ({ lease: leaseOf(task), result: { ...task.params, contentType: 'done' } })),
      );
      for (const task of await context.list())
        expect(plain(task.result)).toEqual(plain({ ...task.params, contentType: 'done' }));
    });
  });

  describe('text', () => {
    const text = 'Zürich 日本語 🦄 "quoted" \'single\' back\\slash {}[],; -- %_ \t';

    it('of many scripts survives in every field', async () => {
      const wish = {
        queue: text,
        type: text,
        labels: { [text]: text, '': '', '{}': '[]' },
        correlationId: text,
        traceparent: text,
        parentTaskId: text,
      };
      const task = await context.running(wish, { queues: ['x', text], types: [text], slots: [text] });
      expect(task).toMatchObject({ ...wish, workerId: text });
      await context.complete(leaseOf(task));
      expect(await context.get(task.id)).toMatchObject({ ...wish, workerId: text });
      const [created, started] = await context.events();
      expect(created).toMatchObject({ queue: text, type: text, correlationId: text, traceparent: text });
      expect(started?.workerId).toBe(text);
      const query = { queues: [text], types: [text], correlationId: text, parentTaskId: text, labels: wish.labels };
      expect(await context.list(query)).toHaveLength(1);
    });
  });
}
