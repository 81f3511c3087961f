import type { DefinitionKey } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';

/** What the store of definitions must do. */
export function definitionTests(context: SuiteContext): void {
  describe('definitions', () => {
    const keyOf = (name: string, version = 1, namespace = context.namespace): DefinitionKey => ({
      kind: 'TASK_TYPE',
      namespace,
      name,
      version,
    });
    const put = (name: string, version = 1, body = '{}') =>
      context.store.definitions.put({ ...keyOf(name, version), body });
    const list = (query: Partial<Parameters<typeof context.store.definitions.list>[0]> = {}) =>
      context.store.definitions.list({
        kind: 'TASK_TYPE',
        namespace: context.namespace,
        activeOnly: false,
        limit: 100,
        ...query,
      });

    it('A2: are created, updated, and left unchanged by the same again', async () => {
      const createdAt = context.clock.now();
      const { definition, outcome } = await put('a.b');
      expect(outcome).toBe('CREATED');
      expect(definition).toEqual({ ...keyOf('a.b'), body: '{}', active: true, createdAt, updatedAt: createdAt });
      context.clock.advance(Duration.ofSeconds(1));
      expect(await put('a.b')).toEqual({ definition, outcome: 'UNCHANGED' });
      const updatedAt = context.clock.now();
      const updated = { ...definition, body: '{"a":1}', updatedAt };
      expect(await put('a.b', 1, '{"a":1}')).toEqual({ definition: updated, outcome: 'UPDATED' });
      expect(await context.store.definitions.get(keyOf('a.b'))).toEqual(updated);
      expect(await context.store.definitions.get(keyOf('a.b', 2))).toBeNull();
      expect(await context.store.definitions.get(keyOf('a.b', 1, 'elsewhere'))).toBeNull();
    });

    it('are created once by calls at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => put('at.once')));
      expect(outcomes.filter(({ outcome }) => outcome === 'CREATED')).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === 'UNCHANGED')).toHaveLength(19);
    });

    it('are deactivated, and active again once they are put', async () => {
      const { definition } = await put('a.b');
      context.clock.advance(Duration.ofSeconds(1));
      const inactive = { ...definition, active: false, updatedAt: context.clock.now() };
      expect(await context.store.definitions.setActive(keyOf('a.b'), false)).toEqual(inactive);
      context.clock.advance(Duration.ofSeconds(1));
      expect(await context.store.definitions.setActive(keyOf('a.b'), false)).toEqual(inactive);
      expect(await list({ activeOnly: true })).toEqual([]);
      expect(await put('a.b')).toMatchObject({ definition: { active: true }, outcome: 'UPDATED' });
      expect(await context.store.definitions.setActive(keyOf('nobody'), false)).toBeNull();
    });

    it('are listed in order, page after page, each kind for itself', async () => {
      for (const [name, version] of [
        ['b', 2],
        ['a', 1],
        ['b', 10],
        ['B', 1],
        ['b', 1],
      ] as const)
        await put(name, version);
      await context.store.definitions.put({ ...keyOf('', 0), kind: 'NAMESPACE', body: '{}' });
      const all = (await list()).map(({ name, version }) => `${name}@${version}`);
      expect(all).toEqual(['B@1', 'a@1', 'b@1', 'b@2', 'b@10']);
      const [first, second] = await list({ limit: 2 });
      expect(first?.name).toBe('B');
      const rest = await list(second ? { after: second } : {});
      expect(rest.map(({ version }) => version)).toEqual([1, 2, 10]);
      const namespaces = await context.store.definitions.list({ kind: 'NAMESPACE', activeOnly: true, limit: 1000 });
      expect(namespaces.map(({ namespace }) => namespace)).toContain(context.namespace);
    });

    it('that changed since a time can be asked for', async () => {
      await put('old');
      context.clock.advance(Duration.ofSeconds(1));
      const { definition } = await put('new');
      const changed = await context.store.definitions.changedSince(context.clock.now());
      expect(plain(changed.filter(({ namespace }) => namespace === context.namespace))).toEqual(plain([definition]));
    });
  });
}
