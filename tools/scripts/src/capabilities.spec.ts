import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** What Orrery promises of tasks and of the values they share. A test that shows one names it: `it('A6: a cron slot fires once')`. */
const CAPABILITIES = {
  A1: 'a task and its life',
  A2: 'task types',
  A3: 'creating: one, a batch, request ids, deduplication',
  A4: 'claim strategies',
  A5: 'retries',
  A6: 'intervals and cron',
  A7: 'timeouts, cancelling, progress',
  A8: 'leases with fencing',
  A9: 'results',
  A10: 'dead letters and bulk operations',
  A11: 'flow control',
  A12: 'retention',
  A13: 'tasks that create tasks',
  A14: 'transactional enqueue',
  A15: 'the storage port',
  B1: 'TaskError',
  B2: 'Duration',
};

/** Those of which a test must speak; whoever shows another adds it. */
const REQUIRED: readonly (keyof typeof CAPABILITIES)[] = [
  'A1',
  'A2',
  'A3',
  'A4',
  'A5',
  'A6',
  'A7',
  'A8',
  'A9',
  'A10',
  'A12',
  'A13',
  'A14',
  'A15',
  'B1',
  'B2',
];

/** A title such as 'A3: …' or 'A7, A8: …'. */
const TITLE = /['"`]((?:[AB]\d+(?:, )?)+): /g;

const FILES = ['*.spec.ts', 'libs/store-conformance/src/*-suite/*.ts'];

test('every capability of tasks that is there has a test that names it', () => {
  const files = execFileSync('git', ['ls-files', '--', ...FILES], { cwd: ROOT, encoding: 'utf8' }).split('\n');
  const texts = files.filter((file) => file !== '').map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const titles = texts.flatMap((text) => [...text.matchAll(TITLE)].map(([, names = '']) => names));
  const named = new Set(titles.flatMap((names) => names.split(', ')));
  expect(REQUIRED.filter((name) => !named.has(name))).toEqual([]);
  expect([...named].filter((name) => !Object.hasOwn(CAPABILITIES, name))).toEqual([]);
});
