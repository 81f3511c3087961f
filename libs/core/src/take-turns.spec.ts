import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { CandidateList, type Candidate } from './candidate-list.ts';
import { CLAIM_STRATEGIES, claimOrder, compareIds } from './claim-order.ts';
import { FlowBudget } from './flow-budget.ts';
import { coversTask, type FlowLimit } from './flow-limit.ts';
import { takeTurns, type TurnOptions } from './take-turns.ts';

const now = new Date('2026-03-01T12:00:00.000Z');

function candidate(id: string, flowKey: string, priority = 0, type = 't'): Candidate {
  return { id, flowKey, priority, queue: 'q', type, createdAt: now };
}

/** Gives each list its tasks a few at a time, as a store does. */
function share(
  tasks: readonly Candidate[],
  options: TurnOptions,
  limits: readonly FlowLimit[] = [],
  page = Infinity,
): readonly Candidate[] {
  const budget = new FlowBudget({ limits, running: [], rates: [] }, now);
  const sorted = [...tasks].sort(claimOrder(options.strategy));
  const groups = Map.groupBy(sorted, ({ flowKey, type }) => JSON.stringify(flowKey === '' ? [''] : [flowKey, type]));
  const sources = [...groups.values()].map((own) => {
    const flowKey = own[0]?.flowKey ?? '';
    return { list: new CandidateList<Candidate>(flowKey, { alike: flowKey !== '' }), own };
  });
  const turns = takeTurns(
    sources.map(({ list }) => list),
    options,
    budget,
  );
  for (;;) {
    const { done, value } = turns.next();
    if (done) return value;
    for (const { list, own } of sources)
      if (list.isDry) list.add(own.slice(0, list.size + page), { hasMore: list.size + page < own.length });
  }
}

const ids = (tasks: readonly Candidate[]) => tasks.map(({ id }) => id);

const limit: FlowLimit = {
  namespace: 'n',
  name: 'limit',
  queue: '',
  type: '',
  perKey: false,
  maxRunning: null,
  rate: null,
};

const many = fc.uniqueArray(
  fc.record({
    id: fc.stringMatching(/^[a-z0-9]{1,3}$/),
    flowKey: fc.constantFrom('', 'a', 'b', 'C', 'd'),
    priority: fc.integer({ min: -1, max: 1 }),
    type: fc.constantFrom('t', 'u'),
    queue: fc.constant('q'),
    createdAt: fc.nat(3).map((millis) => Duration.ofMillis(millis).addTo(now)),
  }),
  { selector: ({ id }) => id, maxLength: 40 },
);
const options = fc.record({
  strategy: fc.constantFrom(...CLAIM_STRATEGIES),
  count: fc.integer({ min: 1, max: 45 }),
  afterKey: fc.constantFrom('', 'C', 'a', 'z'),
});
const limits = fc.array(
  fc.record({
    namespace: fc.constant('n'),
    name: fc.constantFrom('one', 'two', 'three'),
    queue: fc.constantFrom('', 'q', 'other'),
    type: fc.constantFrom('', 't', 'u'),
    perKey: fc.boolean(),
    maxRunning: fc.integer({ min: 0, max: 4 }),
    rate: fc.option(
      fc.record({
        count: fc.integer({ min: 1, max: 3 }),
        period: fc.constant(Duration.ofSeconds(1)),
        burst: fc.integer({ min: 1, max: 4 }),
      }),
    ),
  }),
  { maxLength: 3 },
);

describe('A11: keys take turns', () => {
  const fifo = { strategy: 'FIFO', count: 6, afterKey: '' } as const;

  it('one task each, in the order of their names, tasks without a key as one more', () => {
    const tasks = ['a1 a', 'a2 a', 'a3 a', 'b1 b', 'b2 b', 'n1 ', 'n2 '].map((text) => {
      const [id = '', key = ''] = text.split(' ');
      return candidate(id, key);
    });
    expect(ids(share(tasks, fifo))).toEqual(['a1', 'b1', 'n1', 'a2', 'b2', 'n2']);
    expect(ids(share(tasks, { ...fifo, afterKey: 'a' }))).toEqual(['b1', 'n1', 'a1', 'b2', 'n2', 'a2']);
    expect(ids(share(tasks, { ...fifo, count: 2, afterKey: 'b' }))).toEqual(['n1', 'a1']);
  });

  it('a higher priority comes first, whoever it is for', () => {
    const tasks = [candidate('a1', 'a', 5), candidate('a2', 'a', 5), candidate('a3', 'a'), candidate('b1', 'b')];
    expect(ids(share(tasks, { ...fifo, strategy: 'PRIORITY' }))).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  it('however few tasks are known at a time, the claim is the same', () => {
    fc.assert(
      fc.property(many, options, limits, fc.integer({ min: 1, max: 4 }), (tasks, wanted, rules, page) => {
        expect(ids(share(tasks, wanted, rules, page))).toEqual(ids(share(tasks, wanted, rules)));
      }),
    );
  });

  it('without limits nothing is left while it is wanted, and no key gets two more than one that waits', () => {
    fc.assert(
      fc.property(many, options, (tasks, wanted) => {
        const chosen = share(tasks, wanted);
        expect(chosen).toHaveLength(Math.min(wanted.count, tasks.length));
        expect(new Set(ids(chosen)).size).toBe(chosen.length);
        if (wanted.strategy === 'PRIORITY') return;
        const got = (key: string) => chosen.filter(({ flowKey }) => flowKey === key).length;
        const keys = [...new Set(tasks.map(({ flowKey }) => flowKey))];
        const waiting = keys.filter((key) => got(key) < tasks.filter(({ flowKey }) => flowKey === key).length);
        for (const key of waiting) for (const other of keys) expect(got(other) - got(key)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("each key's tasks come in the order of the strategy", () => {
    fc.assert(
      fc.property(many, options, (tasks, wanted) => {
        const chosen = share(tasks, wanted);
        for (const key of ['', 'a', 'b', 'C', 'd']) {
          const own = chosen.filter(({ flowKey }) => flowKey === key);
          const sorted = tasks.filter(({ flowKey }) => flowKey === key).sort(claimOrder(wanted.strategy));
          expect(ids(own)).toEqual(ids(sorted.slice(0, own.length)));
        }
      }),
    );
  });

  it('no limit is exceeded, and what is left over is held back by one', () => {
    fc.assert(
      fc.property(many, options, limits, (tasks, wanted, rules) => {
        const byName = [...new Map(rules.map((rule) => [rule.name, rule])).values()];
        const chosen = share(tasks, wanted, byName);
        const most = (rule: FlowLimit) => Math.min(rule.maxRunning ?? Infinity, rule.rate?.burst ?? Infinity);
        const used = (rule: FlowLimit, by: Candidate) =>
          chosen.filter((task) => coversTask(rule, task) && (!rule.perKey || task.flowKey === by.flowKey)).length;
        for (const task of chosen)
          for (const rule of byName)
            if (coversTask(rule, task)) expect(used(rule, task)).toBeLessThanOrEqual(most(rule));
        if (chosen.length === wanted.count) return;
        for (const task of tasks.filter((each) => !chosen.includes(each)))
          expect(byName.some((rule) => coversTask(rule, task) && used(rule, task) >= most(rule))).toBe(true);
      }),
    );
  });

  it('a key at its limit is passed over at once, however much it has', () => {
    const flood = Array.from({ length: 10_000 }, (_, index) => candidate(`f${index}`, 'flood'));
    const tasks = [...flood, candidate('o1', 'other'), candidate('o2', 'other')];
    const chosen = share(tasks, { ...fifo, count: 4 }, [{ ...limit, perKey: true, maxRunning: 1 }], 1);
    expect(ids(chosen).map((id) => id[0])).toEqual(['f', 'o']);
  });

  it('orders keys by their bytes', () => {
    const keys = ['b', 'B', '_', 'a'];
    const chosen = share(
      keys.map((key) => candidate(key, key)),
      fifo,
    );
    expect(ids(chosen)).toEqual(keys.sort(compareIds));
  });
});
