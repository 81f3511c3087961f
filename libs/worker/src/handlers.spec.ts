import { Handlers } from './handlers.ts';

const handler = (name: string) => Object.assign(() => name, { label: name });

function setUp(...types: readonly string[]) {
  const handlers = new Handlers();
  const byType = new Map(types.map((type) => [type, handler(type)]));
  for (const [type, one] of byType) handlers.add(type, one);
  const find = (type: string) => types.find((name) => byType.get(name) === handlers.find(type)?.handler);
  return { handlers, find };
}

describe('Handlers', () => {
  it("finds a type's own handler, else that of the longest name above it, else the one for all", () => {
    const { find } = setUp('a.b', 'a.*', 'a.b.*', '*');
    expect(['a.b', 'a.x', 'a.b.c.d', 'a', 'ab.c'].map(find)).toEqual(['a.b', 'a.*', 'a.b.*', '*', '*']);
  });

  it('finds nothing for a type that nobody handles', () => {
    expect(setUp('a.*').find('a')).toBeUndefined();
  });

  it('claims every type only if there is a handler for all', () => {
    expect(setUp('a', 'b.*').handlers.types).toEqual(['a', 'b.*']);
    expect(setUp('a', '*').handlers.types).toEqual([]);
  });

  it('refuses a second handler for a type, and one for no type', () => {
    const { handlers } = setUp('a');
    expect(() => handlers.add('a', () => 1)).toThrow(RangeError);
    expect(() => handlers.add('', () => 1)).toThrow(RangeError);
  });
});
