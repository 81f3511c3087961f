import { TaskError } from '@orrery/task-error';
import { byType, printable, renderReport } from './render-report.ts';
import type { Report } from './report.ts';

const SUMMARY: Report['summary'] = {
  folder: '/x',
  tasks: 3,
  analyzed: 2,
  rejected: 1,
  failed: 0,
  retried: 0,
  bytes: 3_000,
  lines: 30,
  words: 300,
  seconds: 1.5,
  tasksPerSecond: 2,
  queueToStartMs: { p50: 4, p99: 1_250 },
  workers: 2,
  concurrency: 8,
  restarts: { server: 0, workers: 0 },
  server: null,
};

function file(path: string, type: string, lines: number): Report['files'][number] {
  return { path, type, lines, size: lines * 100, words: lines * 10, sha256: '0'.repeat(64) };
}

function report(changes: Partial<Report>): Report {
  const files = [file('a.ts', 'TypeScript', 1_200), file('b.md', 'Markdown', 30)];
  return { files, failures: [], skipped: [], summary: SUMMARY, ...changes };
}

const render = (changes: Partial<Report>) => renderReport(report(changes), { color: false });

test('sums by type, the most lines first', () => {
  expect(byType([file('a', 'A', 1), file('b', 'B', 5), file('c', 'A', 2)])).toEqual([
    { type: 'B', files: 1, size: 500, lines: 5, words: 50 },
    { type: 'A', files: 2, size: 300, lines: 3, words: 30 },
  ]);
});

test('many types end in one row of others that loses nothing', () => {
  const rows = byType(Array.from({ length: 30 }, (_, index) => file(`f${index}`, `T${index}`, index)));
  expect(rows).toHaveLength(20);
  expect(rows.at(-1)?.type).toBe('11 others');
  expect(rows.reduce((total, { lines }) => total + lines, 0)).toBe((29 * 30) / 2);
});

test('shows a table whose columns are in line', () => {
  const lines = render({}).split('\n');
  const rows = lines.filter((line) => /^ (type|TypeScript|Markdown|all) /.test(line)).map((line) => line.trimEnd());
  expect(rows.map((row) => row.trim().split(/\s{2,}/))).toEqual([
    ['type', 'files', 'size', 'lines', 'words'],
    ['TypeScript', '1', '120 kB', '1,200', '12,000'],
    ['Markdown', '1', '3 kB', '30', '300'],
    ['all', '2', '123 kB', '1,230', '12,300'],
  ]);
  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
});

test('shows rate and waiting times in fitting units', () => {
  expect(render({})).toMatch(
    /2 tasks\/s: 1\.5 s on 2 workers with 8 slots each\n +queue to start: p50 4 ms, p99 1\.3 s/,
  );
});

test('tells rejected files from those that failed otherwise', () => {
  const error = (message: string) => new TaskError({ message, errorType: 'validation' }).toJSON();
  const text = render({
    failures: [
      { path: 'pic.png', rejected: 'BINARY', attempts: 1, error: error('it is binary: image/png') },
      { path: 'b', rejected: null, attempts: 3, error: error('something broke') },
    ],
  });
  expect(text).toContain('1 file failed unexpectedly:\n  b  validation: something broke (3 attempts)\n');
  expect(text).toContain('1 file rejected:\n  pic.png  validation: it is binary: image/png\n');
});

test('shortens a long list of failures and says so', () => {
  const error = new TaskError({ message: 'no' }).toJSON();
  const failures = Array.from({ length: 25 }, (_, index) => ({
    path: `f${index}`,
    rejected: 'BINARY' as const,
    attempts: 1,
    error,
  }));
  expect(render({ failures })).toContain('  f19  runtime: no\n  … and 5 more; --json has all');
});

test('counts generated folders by name and names what else was passed by', () => {
  const skipped = [
    { path: 'a/dist', why: 'generated' },
    { path: 'b/dist', why: 'generated' },
    { path: '.git', why: 'generated' },
    { path: 'link', why: 'a link to a folder' },
  ];
  expect(render({ skipped })).toContain(
    'Passed by: 2 × dist, .git, link (a link to a folder); --all includes generated folders.',
  );
});

test('says how to stop a server that was kept', () => {
  const server = { address: '127.0.0.1:7070', pid: 42, dataDir: '/data' };
  expect(render({ summary: { ...SUMMARY, server } })).toMatch(/127\.0\.0\.1:7070, its data in \/data\.\n.*kill 42/);
});

test('a file name cannot take over the terminal', () => {
  expect(printable('a\u001b[31m\n\u202eb é😀')).toBe('a\\u{1b}[31m\\u{a}\\u{202e}b é😀');
});
