import { markdownTable } from 'markdown-table';
import type { Contender } from './contenders.ts';
import { isRate, type Metric, METRICS } from './figure.ts';
import type { Floor } from './floors/floors.ts';
import { medianOf, type Medians } from './medians.ts';
import type { Comparison } from './reach.ts';

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** The medians of all that was measured, as Markdown tables: systems, floors, and Orrery beside what it is to reach. */
export function renderReport(
  medians: Medians,
  {
    contenders,
    floors,
    comparisons,
  }: { contenders: readonly Contender[]; floors: readonly Floor[]; comparisons: readonly Comparison[] },
): string {
  const sections = [systemsTable(medians, contenders), floorsTable(medians, floors), comparisonsTable(comparisons)];
  return sections.filter((section) => section !== '').join('\n\n');
}

function systemsTable(medians: Medians, contenders: readonly Contender[]): string {
  const columns = (Object.keys(METRICS) as Metric[]).filter((metric) =>
    contenders.some(({ id }) => medianOf(medians, id, metric) !== undefined),
  );
  if (columns.length === 0) return '';
  const rows = contenders.map(({ id, title }) => [
    title,
    ...columns.map((metric) => shown(metric, medianOf(medians, id, metric))),
  ]);
  const legend = columns.map((metric) => `${metric}: ${METRICS[metric]}`).join(' · ');
  return `${table([['', ...columns], ...rows])}\n\n${legend}`;
}

function floorsTable(medians: Medians, floors: readonly Floor[]): string {
  const rows = floors.flatMap(({ id, title }) =>
    [...(medians.get(id) ?? [])].map(([part, rate]) => [`${title}: ${part}`, whole.format(rate)]),
  );
  return rows.length === 0 ? '' : table([['floor', 'per second'], ...rows]);
}

function comparisonsTable(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return '';
  const rows = comparisons.map(({ contender, metric, value, against, other, reach, met }) => [
    contender.title,
    metric,
    shown(metric, value),
    against,
    shown(metric, other),
    `${hundredths.format(value / other)}×`,
    reach,
    met ? 'yes' : 'NO',
  ]);
  return table([['', 'of', 'figure', 'against', 'figure', 'ratio', 'reach', 'met'], ...rows]);
}

function shown(metric: Metric, value: number | undefined): string {
  if (value === undefined) return '–';
  return (isRate(metric) || metric === 'W6' ? whole : tenths).format(value);
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const align = head.map((name, index) => (index === 0 || name === 'against' || name === 'of' ? 'l' : 'r'));
  return markdownTable(rows, { align });
}
