import type { Figure } from './figure.ts';
import { median } from './statistics.ts';

/** The medians over all rounds: of whom, then of what. */
export type Medians = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Takes the medians of the figures of every round. */
export function mediansOf(figures: readonly Figure[]): Medians {
  const of = (some: readonly Figure[]) =>
    new Map(
      [...Map.groupBy(some, ({ metric }) => metric)].map(([metric, same]) => [
        metric,
        median(same.map(({ value }) => value)),
      ]),
    );
  return new Map([...Map.groupBy(figures, (figure) => figure.of)].map(([name, some]) => [name, of(some)]));
}

/** One median, if it was measured. */
export function medianOf(medians: Medians, of: string, metric: string): number | undefined {
  return medians.get(of)?.get(metric);
}
