import { Outgoing } from './outgoing.ts';

async function rest<T>(outgoing: AsyncIterable<T>): Promise<readonly T[]> {
  const messages: T[] = [];
  for await (const message of outgoing) messages.push(message);
  return messages;
}

test('what was pushed goes out in order, then the end', async () => {
  const outgoing = new Outgoing<string>();
  outgoing.push('a');
  outgoing.push('b');
  outgoing.end();
  expect(outgoing.push('c')).toBe(false);
  expect(await rest(outgoing)).toEqual(['a', 'b']);
});

test('an error comes last', async () => {
  const outgoing = new Outgoing<string>();
  const reader = outgoing[Symbol.asyncIterator]();
  outgoing.push('a');
  outgoing.end(new Error('broken'));
  expect(await reader.next()).toEqual({ done: false, value: 'a' });
  await expect(reader.next()).rejects.toThrow('broken');
});

test('a refill is asked when nothing was pushed, and when it is woken', async () => {
  const more = ['x', 'y'];
  const outgoing = new Outgoing<string>(() => more.shift());
  const reader = outgoing[Symbol.asyncIterator]();
  outgoing.push('a');
  const read = async (): Promise<unknown> => (await reader.next()).value;
  expect([await read(), await read(), await read()]).toEqual(['a', 'x', 'y']);
  const next = read();
  more.push('z');
  outgoing.wake();
  expect(await next).toBe('z');
});

test('room is there when the reader has taken enough, and when nobody reads any more', async () => {
  const outgoing = new Outgoing<string>();
  const reader = outgoing[Symbol.asyncIterator]();
  outgoing.push('a', 60);
  outgoing.push('b', 60);
  expect(outgoing.pendingBytes).toBe(120);
  let isThere = false;
  const room = outgoing.room(100).then(() => (isThere = true));
  await Promise.resolve();
  expect(isThere).toBe(false);
  await reader.next();
  await room;
  const never = outgoing.room(10);
  await reader.return();
  await never;
  expect(outgoing.closed).toBe(true);
});

test('what nobody has taken can be taken back', async () => {
  const outgoing = new Outgoing<string>();
  const reader = outgoing[Symbol.asyncIterator]();
  for (const message of ['a', 'b', 'c']) outgoing.push(message, 10);
  await reader.next();
  expect(outgoing.takeBack()).toEqual(['b', 'c']);
  expect(outgoing.pendingBytes).toBe(0);
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});
