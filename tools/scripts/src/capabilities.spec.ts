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

/** A title such as 'A3: …' or 'A7, A8: …'. */
const TITLE = /['"`]((?:[AB]\d+(?:, )?)+): /g;

const FILES = ['*.spec.ts', 'libs/store-conformance/src/*-suite/*.ts'];

test('every capability of tasks has a test that names it', () => {
  const files = execFileSync('git', ['ls-files', '--', ...FILES], { cwd: ROOT, encoding: 'utf8' }).split('\n');
  const texts = files.filter((file) => file !== '').map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const titles = texts.flatMap((text) => [...text.matchAll(TITLE)].map(([, names = '']) => names));
  const named = new Set(titles.flatMap((names) => names.split(', ')));
  expect([...named].sort()).toEqual(Object.keys(CAPABILITIES).sort());
});
