import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { Batcher, type BatcherOptions, nextBatch, type Settled } from './batcher.ts';
import { ManualTimers } from './manual-timers.ts';

interface Sent {
  readonly items: readonly number[];
  readonly answer: (outcomes?: readonly Settled<string>[]) => void;
  readonly fail: (error: Error) => void;
}

/** A batcher whose batches are answered by the test, and whose time stands still. */
function setUp(options: Partial<BatcherOptions<number, string>> = {}) {
  const sent: Sent[] = [];
  const timers = new ManualTimers();
  const soon: (() => void)[] = [];
  let open = 0;
  let mostOpen = 0;
  const batcher = new Batcher<number, string>({
    send: (items) =>
      new Promise((resolve, reject) => {
        open += 1;
        mostOpen = Math.max(mostOpen, open);
        const close = () => (open -= 1);
        sent.push({
          items,
          answer: (outcomes = items.map((item) => ({ ok: true, value: `r${item}` }))) => resolve((close(), outcomes)),
          fail: (error) => reject((close(), error)),
        });
      }),
    maxItems: 5,
    maxBytes: 1_000,
    sizeOf: (item) => item,
    maxInFlight: 2,
    maxWait: Duration.ofMillis(10),
    ...options,
    timers: { ...boundTo(timers), soon: (run) => void soon.push(run) },
  });
  const turn = () => soon.splice(0).forEach((run) => run());
  return { batcher, sent, timers, turn, soon, mostOpen: () => mostOpen };
}

function boundTo(timers: ManualTimers) {
  return {
    monotonicMillis: () => timers.monotonicMillis(),
    after: (wait: Duration, run: () => void) => timers.after(wait, run),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('nextBatch', () => {
  const limits = { maxItems: 5, maxBytes: 100, maxInFlight: 2 };

  it.each([
    [{ items: 0, bytes: 0, inFlight: 0 }, 'never'],
    [{ items: 1, bytes: 1, inFlight: 0 }, 'soon'],
    [{ items: 1, bytes: 1, inFlight: 1 }, 'later'],
    [{ items: 5, bytes: 5, inFlight: 1 }, 'now'],
    [{ items: 1, bytes: 100, inFlight: 1 }, 'now'],
    [{ items: 5, bytes: 5, inFlight: 2 }, 'never'],
  ] as const)('of %j is %s', (state, expected) => {
    expect(nextBatch(state, limits)).toBe(expected);
  });
});

describe('Batcher', () => {
  it('sends what is added in one go together, and what comes meanwhile in the next batch', async () => {
    const { batcher, sent, turn } = setUp();
    const first = [1, 2].map((item) => batcher.add(item));
    turn();
    const second = [3, 4].map((item) => batcher.add(item));
    turn();
    expect(sent.map(({ items }) => items)).toEqual([[1, 2]]);
    sent[0]?.answer();
    expect(await Promise.all(first)).toEqual(['r1', 'r2']);
    turn();
    expect(sent[1]?.items).toEqual([3, 4]);
    sent[1]?.answer();
    expect(await Promise.all(second)).toEqual(['r3', 'r4']);
  });

  it('does not let a slow batch hold up the next for long', () => {
    const { batcher, sent, turn, timers } = setUp();
    void batcher.add(1);
    turn();
    void batcher.add(2);
    timers.advance(Duration.ofMillis(9));
    expect(sent).toHaveLength(1);
    timers.advance(Duration.ofMillis(1));
    expect(sent[1]?.items).toEqual([2]);
  });

  it('gives each item its own error, and all of them that of their batch', async () => {
    const { batcher, sent, turn } = setUp();
    const items = Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
    turn();
    sent[0]?.answer([
      { ok: true, value: 'a' },
      { ok: false, error: new Error('mine') },
    ]);
    expect(await items).toMatchObject([
      { value: 'a' },
      { reason: { message: 'mine' } },
      { reason: { message: 'the reply had no answer for this item' } },
    ]);
    const lost = batcher.add(4);
    turn();
    sent[1]?.fail(new Error('all'));
    await expect(lost).rejects.toThrow('all');
  });

  it('is idle once everything has been answered, and takes nothing after close', async () => {
    const { batcher, sent, turn } = setUp();
    const one = batcher.add(1);
    turn();
    let idle = false;
    const whenIdle = batcher.whenIdle().then(() => (idle = true));
    await settled();
    expect(idle).toBe(false);
    sent[0]?.answer();
    await Promise.all([one, whenIdle]);
    batcher.close(new Error('closed'));
    await expect(batcher.add(2)).rejects.toThrow('closed');
  });

  it('loses nothing, repeats nothing, keeps the order and the limits, whatever happens', async () => {
    type Step = { readonly add: number } | { readonly abort: number } | 'turn' | 'answer' | 'fail' | 'wait';
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 6, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 700 }) }) },
      { weight: 1, arbitrary: fc.record({ abort: fc.nat(50) }) },
      ...(['turn', 'answer', 'fail', 'wait'] as const).map((kind) => ({ weight: 2, arbitrary: fc.constant(kind) })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { batcher, sent, turn, timers, soon, mostOpen } = setUp();
        const added: { controller: AbortController; promise: Promise<PromiseSettledResult<string>> }[] = [];
        let answered = 0;
        const answerNext = (how: (one: Sent) => void) => {
          const one = sent[answered];
          if (one) how(one);
          if (one) answered += 1;
        };
        for (const next of steps) {
          if (next === 'turn') turn();
          else if (next === 'wait') timers.advance(Duration.ofMillis(10));
          else if (next === 'answer') answerNext((one) => one.answer());
          else if (next === 'fail') answerNext((one) => one.fail(new Error('lost')));
          else if ('abort' in next) added[next.abort]?.controller.abort(new Error('aborted'));
          else {
            const controller = new AbortController();
            const promise = Promise.allSettled([batcher.add(next.add, controller.signal)]).then(([one]) => one);
            added.push({ controller, promise });
          }
          await settled();
        }
        while (answered < sent.length || soon.length > 0) {
          turn();
          if (answered < sent.length) sent[answered++]?.answer();
          await settled();
        }
        await batcher.whenIdle();
        const results = await Promise.all(added.map(({ promise }) => promise));
        expect(results.every(({ status }) => status === 'fulfilled' || status === 'rejected')).toBe(true);
        expect(mostOpen()).toBeLessThanOrEqual(2);
        for (const { items } of sent) {
          expect(items.length).toBeLessThanOrEqual(5);
          const bytes = items.reduce((sum, item) => sum + item, 0);
          expect(items.length === 1 || bytes <= 1_000).toBe(true);
        }
        const order = steps.flatMap((one) => (typeof one === 'object' && 'add' in one ? [one.add] : []));
        const flat = sent.flatMap(({ items }) => items);
        // What was sent is what was added, less what was taken out while it waited, in the same order.
        let at = 0;
        for (const item of order) if (item === flat[at]) at += 1;
        expect(at).toBe(flat.length);
        const aborted = results.filter(
          (one) => one.status === 'rejected' && String(one.reason) === 'Error: aborted',
        ).length;
        expect(flat.length).toBeGreaterThanOrEqual(order.length - aborted);
      }),
      { numRuns: 60 },
    );
  });
});
