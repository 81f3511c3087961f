import { CONTENDERS } from './contenders.ts';
import type { Medians } from './medians.ts';
import { compareWithReach } from './reach.ts';
import { renderReport } from './render-report.ts';

function mediansOf(table: Readonly<Record<string, Readonly<Record<string, number>>>>): Medians {
  return new Map(Object.entries(table).map(([of, figures]) => [of, new Map(Object.entries(figures))]));
}

function verdicts(table: Readonly<Record<string, Readonly<Record<string, number>>>>) {
  return compareWithReach(mediansOf(table), CONTENDERS).map(({ contender, metric, against, reach, met }) => [
    contender.id,
    metric,
    against,
    reach,
    met,
  ]);
}

test('on PostgreSQL a rate is twice the best peer on PostgreSQL, and ahead of every peer', () => {
  const peers = { 'graphile-worker': { W1: 1000 }, 'pg-boss': { W1: 900 }, bullmq: { W1: 3000 } };
  expect(verdicts({ ...peers, 'orrery-postgres': { W1: 2500 } })).toEqual([
    ['orrery-postgres', 'W1', 'graphile-worker (PostgreSQL)', '≥ 2×', true],
    ['orrery-postgres', 'W1', 'BullMQ (Redis, AOF everysec)', '> 1×', false],
  ]);
});

test('on SQLite a rate is twice the best of all peers', () => {
  expect(verdicts({ bullmq: { W4: 100 }, 'pg-boss': { W4: 30 }, 'orrery-sqlite': { W4: 199 } })).toEqual([
    ['orrery-sqlite', 'W4', 'BullMQ (Redis, AOF everysec)', '≥ 2×', false],
  ]);
});

test('a wait is at or below the shortest one, memory at most 30 MiB above the smallest', () => {
  const peers = { bullmq: { W5p50: 2, W6: 100 }, 'graphile-worker': { W5p50: 4, W6: 90 } };
  expect(verdicts({ ...peers, 'orrery-postgres': { W5p50: 4, W6: 121 } })).toEqual([
    ['orrery-postgres', 'W5p50', 'graphile-worker (PostgreSQL)', '≤ 1×', true],
    ['orrery-postgres', 'W6', 'graphile-worker (PostgreSQL)', '≤ + 30 MiB', false],
  ]);
});

test('the whole way of a job is compared with the floor, idleness with a core', () => {
  const floors = { 'floor-sqlite': { 'lifecycle of 100': 10_000 } };
  expect(verdicts({ ...floors, 'orrery-sqlite': { W3b: 4_000, idle: 1.5 } })).toEqual([
    ['orrery-sqlite', 'W3b', 'bare table, batch 100', '≥ 0.4×', true],
    ['orrery-sqlite', 'idle', 'a core', '< 1 %', false],
  ]);
});

test('the report has what was measured, and the ratios', () => {
  const medians = mediansOf({
    bullmq: { W1: 1234.5 },
    'orrery-sqlite': { W1: 2469, W5p50: 1.25 },
    'floor-grpc': { unary: 2800 },
  });
  const comparisons = compareWithReach(medians, CONTENDERS);
  const floors = [{ id: 'floor-grpc', title: 'grpc-js echo', start: async () => '' }] as const;
  const chosen = CONTENDERS.filter(({ id }) => id === 'bullmq' || id === 'orrery-sqlite');
  expect(renderReport(medians, { contenders: chosen, floors, comparisons })).toMatchInlineSnapshot(`
    "|                              |    W1 | W5p50 |
    | :--------------------------- | ----: | ----: |
    | Orrery (SQLite, standalone)  | 2,469 |   1.3 |
    | BullMQ (Redis, AOF everysec) | 1,235 |     – |

    W1: creates/s, one by one · W5p50: ms to start, p50

    | floor               | per second |
    | :------------------ | ---------: |
    | grpc-js echo: unary |      2,800 |

    |                             | of | figure | against                      | figure | ratio | reach | met |
    | :-------------------------- | :- | -----: | :--------------------------- | -----: | ----: | ----: | --: |
    | Orrery (SQLite, standalone) | W1 |  2,469 | BullMQ (Redis, AOF everysec) |  1,235 | 2.00× |  ≥ 2× | yes |"
  `);
});
