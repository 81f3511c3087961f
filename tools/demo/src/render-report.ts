import { basename } from 'node:path';
import Table from 'cli-table3';
import pc from 'picocolors';
import prettyBytes from 'pretty-bytes';
import { GENERATED } from './list-files.ts';
import type { Failure, Report, Summary } from './report.ts';

/** How to draw for where the text goes. */
export interface RenderOptions {
  readonly color: boolean;
}

const MAX_TYPES = 20;
const MAX_FAILURES = 20;
const MAX_SKIPPED = 12;

/** The report for people: a table by type, what failed and why, how fast it went. */
export function renderReport({ files, failures, summary, skipped }: Report, { color }: RenderOptions): string {
  const colors = pc.createColors(color);
  const parts = [
    renderTypes(byType(files), colors),
    renderFailures(failures, colors),
    skipped.length > 0 && renderSkipped(skipped, colors),
    renderSummary(summary, colors),
    summary.server && renderServer(summary.server, colors),
  ];
  return `\n${parts.filter((part) => part).join('\n\n')}\n`;
}

/** Sums by one type of file. */
export interface TypeRow {
  readonly type: string;
  readonly files: number;
  readonly size: number;
  readonly lines: number;
  readonly words: number;
}

/** Sums by type, those with the most lines first; all beyond the 20th in one row. */
export function byType(files: Report['files']): readonly TypeRow[] {
  const rows = new Map<string, TypeRow>();
  for (const { type, size, lines, words } of files) {
    rows.set(type, add(rows.get(type) ?? emptyRow(type), { type, files: 1, size, lines, words }));
  }
  const sorted = [...rows.values()].sort((a, b) => b.lines - a.lines || (a.type < b.type ? -1 : 1));
  if (sorted.length <= MAX_TYPES) return sorted;
  const others = sorted.slice(MAX_TYPES - 1);
  return [...sorted.slice(0, MAX_TYPES - 1), others.reduce(add, emptyRow(`${others.length} others`))];
}

/** Text that cannot move the cursor or hide itself: control characters of file names are shown as escapes. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

type Colors = ReturnType<typeof pc.createColors>;

function renderTypes(rows: readonly TypeRow[], colors: Colors): string {
  if (rows.length === 0) return '  No file was analysed.';
  const table = newTable(['type', 'files', 'size', 'lines', 'words'].map((title) => colors.bold(title)));
  const cells = ({ type, files, size, lines, words }: TypeRow) => [
    printable(type),
    number(files),
    prettyBytes(size),
    number(lines),
    number(words),
  ];
  table.push(...rows.map(cells));
  table.push(cells(rows.reduce(add, emptyRow('all'))).map((cell) => colors.bold(cell)));
  return table.toString();
}

function renderFailures(failures: readonly Failure[], colors: Colors): string {
  if (failures.length === 0) return '';
  const serious = failures.filter(({ rejected }) => rejected === null);
  const mild = failures.filter(({ rejected }) => rejected !== null);
  const list = (some: readonly Failure[], title: string) => {
    if (some.length === 0) return [];
    const shown = some
      .slice(0, MAX_FAILURES)
      .map(
        ({ path, error, attempts }) =>
          `  ${printable(path)}  ${colors.dim(`${error.error_type}:`)} ${printable(error.message)}` +
          (attempts > 1 ? colors.dim(` (${attempts} attempts)`) : ''),
      );
    const more = some.length - shown.length;
    return [title, ...shown, ...(more > 0 ? [colors.dim(`  … and ${number(more)} more; --json has all`)] : [])];
  };
  return [
    ...list(serious, colors.red(`  ${plural(serious.length, 'file')} failed unexpectedly:`)),
    ...list(mild, colors.yellow(`  ${plural(mild.length, 'file')} rejected:`)),
  ].join('\n');
}

function renderSkipped(skipped: Report['skipped'], colors: Colors): string {
  const generated = skipped.filter(({ why }) => why === GENERATED);
  const counts = Map.groupBy(generated, ({ path }) => basename(path));
  const folders = [...counts].map(([name, { length }]) => (length > 1 ? `${length} × ${name}` : name));
  const others = skipped.filter(({ why }) => why !== GENERATED).map(({ path, why }) => `${path} (${why})`);
  const parts = [...folders, ...others];
  const shown = parts.slice(0, MAX_SKIPPED).map(printable).join(', ');
  const more = parts.length > MAX_SKIPPED ? ` and ${number(parts.length - MAX_SKIPPED)} more` : '';
  const hint = generated.length > 0 ? '; --all includes generated folders' : '';
  return colors.dim(`  Passed by: ${shown}${more}${hint}.`);
}

function renderSummary(summary: Summary, colors: Colors): string {
  const { tasks, analyzed, rejected, failed, retried, seconds, tasksPerSecond, restarts, workers } = summary;
  const outcome = [
    `${number(analyzed)} analysed`,
    `${number(rejected)} rejected`,
    failed > 0 ? colors.red(`${number(failed)} failed`) : '',
    retried > 0 ? `${number(retried)} after more than one attempt` : '',
  ].filter((text) => text !== '');
  const { p50, p99 } = summary.queueToStartMs;
  const waits = tasks > 100 ? colors.dim('(created at once, so most wait for those before them)') : '';
  const restarted = [
    restarts.server > 0 ? `the server ${restarts.server} ×` : '',
    restarts.workers > 0 ? `workers ${restarts.workers} ×` : '',
  ].filter((text) => text !== '');
  return [
    `  ${colors.bold(plural(tasks, 'task'))}: ${outcome.join(', ')}`,
    `  ${colors.bold(`${number(tasksPerSecond)} tasks/s`)}: ${seconds.toFixed(1)} s on ${plural(workers, 'worker')} with ${summary.concurrency} slots each`,
    `  queue to start: p50 ${millis(p50)}, p99 ${millis(p99)} ${waits}`,
    ...(restarted.length > 0 ? [`  started again on the way: ${restarted.join(', ')}`] : []),
  ].join('\n');
}

function renderServer({ address, pid, dataDir }: NonNullable<Summary['server']>, colors: Colors): string {
  return [
    `  The server is still running on ${colors.bold(address)}, its data in ${dataDir}.`,
    `  Stop it with: ${colors.bold(`kill ${pid}`)}`,
  ].join('\n');
}

function newTable(head: string[]): Table.Table {
  const none = Object.fromEntries(
    ['top', 'bottom', 'left', 'right', 'mid', 'middle'].flatMap((side) =>
      ['', '-mid', '-left', '-right'].map((corner) => [side + corner, '']),
    ),
  );
  return new Table({
    head,
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    chars: { ...none, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1 },
  });
}

function emptyRow(type: string): TypeRow {
  return { type, files: 0, size: 0, lines: 0, words: 0 };
}

function add(a: TypeRow, b: TypeRow): TypeRow {
  return {
    type: a.type,
    files: a.files + b.files,
    size: a.size + b.size,
    lines: a.lines + b.lines,
    words: a.words + b.words,
  };
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function plural(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

function millis(value: number | null): string {
  if (value === null) return 'none';
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}
