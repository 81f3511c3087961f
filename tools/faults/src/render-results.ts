import type { Result } from './run-scenario.ts';

const SHOWN_PROBLEMS = 20;

/** Results as a table for people, and below it everything that does not hold. */
export function renderResults(results: readonly Result[], seed: number): string {
  const header = ['scenario', 'tasks', 'faults', 'seconds', 'verdict', 'measured'];
  const rows = results.map(({ name, tasks, faults, seconds, verdict, measured, notPossible }) => {
    const figures = Object.entries(measured).map(([what, figure]) => `${what}: ${figure}`);
    const cells = [name, tasks.toLocaleString('en'), String(faults), seconds.toFixed(0), verdict];
    return [...cells, [...(notPossible === undefined ? [] : [notPossible]), ...figures].join('; ')];
  });
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const failures = results.flatMap(({ name, problems, kept }) => {
    if (problems.length === 0) return [];
    const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `  - ${problem}`);
    const more =
      problems.length > SHOWN_PROBLEMS ? [`  … and ${problems.length - SHOWN_PROBLEMS} more, see problems.txt`] : [];
    return ['', `${name} does not hold (everything is kept in ${kept ?? 'no folder'}):`, ...shown, ...more];
  });
  const failed = results.filter(({ verdict }) => verdict === 'FAILS').length;
  const summary = ['', `seed ${seed}`, `${results.length - failed} passed, ${failed} failed`];
  return [...[header, ...rows].map(line), ...failures, ...summary, ''].join('\n');
}
