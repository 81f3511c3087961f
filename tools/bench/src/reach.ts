import { type Contender, isOrrery } from './contenders.ts';
import { isRate, type Metric, METRICS } from './figure.ts';
import { lifecycleOf } from './floors/floors.ts';
import { medianOf, type Medians } from './medians.ts';

/** Orrery's figure beside the one that it is to reach. */
export interface Comparison {
  readonly contender: Contender;
  readonly metric: Metric;
  readonly value: number;
  /** What it is compared with. */
  readonly against: string;
  /** The figure of that. */
  readonly other: number;
  /** What is asked for, in words. */
  readonly reach: string;
  readonly met: boolean;
}

/** What is asked for beside a figure of somebody else. */
interface Demand {
  readonly words: string;
  readonly isMet: (value: number, other: number) => boolean;
}

const TWICE: Demand = { words: '≥ 2×', isMet: (value, other) => value >= 2 * other };
const AHEAD: Demand = { words: '> 1×', isMet: (value, other) => value > other };
const NO_SLOWER: Demand = { words: '≤ 1×', isMet: (value, other) => value <= other };
const NO_LARGER: Demand = { words: '≤ + 30 MiB', isMet: (value, other) => value <= other + 30 };
const SHARE_OF_FLOOR: Demand = { words: '≥ 0.4×', isMet: (value, other) => value >= 0.4 * other };
const FLOOR_BATCH = 100;

/** Compares what was measured of Orrery with what it is to reach; whatever was not measured is left out. */
export function compareWithReach(medians: Medians, contenders: readonly Contender[]): readonly Comparison[] {
  const peers = contenders.filter((contender) => !isOrrery(contender));
  return contenders.filter(isOrrery).flatMap((contender) =>
    Object.keys(METRICS).flatMap((name) => {
      const metric = name as Metric;
      const value = medianOf(medians, contender.id, metric);
      return value === undefined ? [] : comparisonsOf({ contender, metric, value, peers, medians });
    }),
  );
}

interface Given {
  readonly contender: Contender;
  readonly metric: Metric;
  readonly value: number;
  readonly peers: readonly Contender[];
  readonly medians: Medians;
}

function comparisonsOf(given: Given): readonly Comparison[] {
  const { contender, metric, peers } = given;
  const onPostgres = contender.storage === 'PostgreSQL';
  const alike = peers.filter(({ storage }) => storage === 'PostgreSQL');
  if (metric === 'W6') return withBest(given, peers, NO_LARGER);
  if (metric === 'lag') return limitComparison(given, 'the end of W3b', 2_000, 'ms');
  if (metric === 'idle') return limitComparison(given, 'a core', onPostgres ? 2 : 1, '%');
  if (!isRate(metric)) return metric === 'W5p95' ? [] : withBest(given, onPostgres ? alike : peers, NO_SLOWER);
  const beside = onPostgres
    ? [...withBest(given, alike, TWICE), ...withBest(given, peers, AHEAD)]
    : withBest(given, peers, TWICE);
  return metric === 'W3b' ? [...beside, ...withFloor(given, onPostgres ? 'floor-postgres' : 'floor-sqlite')] : beside;
}

function withBest({ contender, metric, value, medians }: Given, peers: readonly Contender[], demand: Demand) {
  const figures = peers.flatMap((peer) => {
    const other = medianOf(medians, peer.id, metric);
    return other === undefined ? [] : [{ peer, other }];
  });
  const [best] = figures.sort((a, b) => (isRate(metric) ? b.other - a.other : a.other - b.other));
  if (!best) return [];
  const { peer, other } = best;
  const met = demand.isMet(value, other);
  return [{ contender, metric, value, against: peer.title, other, reach: demand.words, met }];
}

function withFloor({ contender, metric, value, medians }: Given, floor: string): readonly Comparison[] {
  const other = medianOf(medians, floor, lifecycleOf(FLOOR_BATCH));
  if (other === undefined) return [];
  const { words, isMet } = SHARE_OF_FLOOR;
  return [
    {
      contender,
      metric,
      value,
      against: `bare table, batch ${FLOOR_BATCH}`,
      other,
      reach: words,
      met: isMet(value, other),
    },
  ];
}

function limitComparison(
  { contender, metric, value }: Given,
  against: string,
  limit: number,
  unit: string,
): readonly Comparison[] {
  return [{ contender, metric, value, against, other: limit, reach: `< ${limit} ${unit}`, met: value < limit }];
}
