import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { one, refusalOf } from './suite-values.ts';

const hash = (text: string) => new TextEncoder().encode(text.padEnd(32, '.'));
const request = { id: 'request-1', bodyHash: hash('body') };

/** What request ids must do. */
export function requestTests(context: SuiteContext): void {
  describe('A3: request ids', () => {
    const create = (count: number, used: { id: string; bodyHash: Uint8Array } = request) =>
      context.tasks.createTasks(
        context.creation(
          Array.from({ length: count }, () => ({})),
          used,
        ),
      );

    it('answer a repetition with what the first use created', async () => {
      const first = await create(3);
      expect(first.map(({ deduplicated }) => deduplicated)).toEqual([false, false, false]);
      const again = await create(3);
      expect(again).toEqual(first.map(({ id }) => ({ id, deduplicated: true })));
      expect(await context.list()).toHaveLength(3);
      expect(await context.eventKinds()).toEqual(['created', 'created', 'created']);
    });

    it('make one task of 100 calls at once', async () => {
      const outcomes = (await Promise.all(Array.from({ length: 100 }, () => create(1)))).map(one);
      expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1);
      expect(outcomes.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
      expect(one(await context.list()).id).toBe(outcomes[0]?.id);
      expect(await context.eventKinds()).toEqual(['created']);
    });

    it('are refused with another body', async () => {
      const { id } = one(await create(1));
      const refusal = await refusalOf(create(1, { ...request, bodyHash: hash('other') }));
      expect(refusal.reason).toBe('REQUEST_ID_REUSED');
      expect(refusal.metadata).toEqual({ request_id: request.id });
      expect(one(await context.list()).id).toBe(id);
      expect(await context.eventKinds()).toEqual(['created']);
    });

    it('are not used up by a call that is refused', async () => {
      await context.create({ id: 'taken', idIsCallers: true });
      const refused = context.creation([{}, { id: 'taken', idIsCallers: true }], request);
      expect((await refusalOf(context.tasks.createTasks(refused))).reason).toBe('TASK_ALREADY_EXISTS');
      const [outcome] = await create(1, { ...request, bodyHash: hash('other') });
      expect(outcome?.deduplicated).toBe(false);
    });

    it("recognize a repetition before they look at callers' ids", async () => {
      const call = context.creation([{ id: 'mine', idIsCallers: true }], request);
      await context.tasks.createTasks(call);
      expect(await context.tasks.createTasks(call)).toEqual([{ id: 'mine', deduplicated: true }]);
    });

    it('still answer when the task has ended', async () => {
      const { id } = one(await create(1));
      await context.tasks.cancelTask({ namespace: context.namespace, id });
      expect(await create(1)).toEqual([{ id, deduplicated: true }]);
    });

    it('are counted by namespace', async () => {
      await create(1);
      const namespace = `${context.namespace}-other`;
      const tasks = [context.newTask({ namespace })];
      const outcome = one(await context.tasks.createTasks({ namespace, tasks, request }));
      expect(outcome.deduplicated).toBe(false);
      await context.tasks.cancelTask({ namespace, id: outcome.id });
    });

    it('are forgotten once they were first used before a time', async () => {
      await create(1);
      const used = context.clock.now();
      context.clock.advance(Duration.ofSeconds(10));
      await create(1);
      expect(await context.tasks.purgeRequests(used)).toBe(0);
      expect(one(await create(1)).deduplicated).toBe(true);
      expect(await context.tasks.purgeRequests(Duration.ofMillis(1).addTo(used))).toBe(1);
      expect(one(await create(1)).deduplicated).toBe(false);
      expect(await context.list()).toHaveLength(2);
    });

    it('keep bytes that are no text', async () => {
      const bodyHash = Uint8Array.from({ length: 32 }, (_, index) => (index * 37) % 256);
      await create(1, { id: 'bytes', bodyHash });
      expect(one(await create(1, { id: 'bytes', bodyHash })).deduplicated).toBe(true);
      const other = Uint8Array.from(bodyHash, (byte, index) => (index === 31 ? byte ^ 1 : byte));
      expect((await refusalOf(create(1, { id: 'bytes', bodyHash: other }))).reason).toBe('REQUEST_ID_REUSED');
    });

    it('hold for calls without tasks, too', async () => {
      expect(await create(0)).toEqual([]);
      expect(plain(await create(0))).toEqual([]);
      expect((await refusalOf(create(1, { ...request, bodyHash: hash('other') }))).reason).toBe('REQUEST_ID_REUSED');
    });
  });
}
