import { fileURLToPath } from 'node:url';
import type { NewTask } from '@orrery/client';
import type { ProcessSpec } from '@orrery/cluster';
import { Duration } from '@orrery/duration';
import { setTimeout as pause } from 'node:timers/promises';
import { type JournalEntry, monotonicMillis } from '../journal.ts';
import { longest, rescues, tooLong } from '../recovery.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';
import type { Work } from '../work.ts';

const SHIFT_CLOCK = fileURLToPath(new URL('../shift-clock.ts', import.meta.url));
const SKEW = Duration.of({ minutes: 5 });
const LEASE = Duration.ofSeconds(4);
const LATER = Duration.ofSeconds(3);
const RETRY_AFTER = Duration.ofSeconds(2);
/** Longer than two leases: only those who extend it keep it. */
const LONG_WORK_MS = 9_000;
const LATE_MS = 5_000;
const KINDS = ['at once', 'delayed', 'at a time', 'retried', 'long'] as const;

/** Sets the clocks of services and workers five minutes fast or slow, in turn. */
export const clockSkew: Scenario = {
  name: 'clock-skew',
  proves:
    "with clocks five minutes fast and slow nothing starts early, and delays, retries and leases keep the database's time",
  async run(context) {
    const count = context.tasks ?? (context.short ? 200 : 5_000);
    const duration = context.duration ?? Duration.ofSeconds(context.short ? 6 : 60);
    const skews: Record<string, number> = {};
    const adjust = (spec: ProcessSpec): ProcessSpec => {
      if (spec.kind === 'postgres' || spec.kind === 'nats') return spec;
      // Neighbours of a kind disagree by ten minutes.
      const shift = SKEW.toMillis() * (Number(spec.name.slice(-1)) % 2 === 0 ? -1 : 1);
      skews[spec.name] = shift;
      const env = { ...spec.env, FAULTS_CLOCK_SHIFT_MS: String(shift) };
      return { ...spec, env, args: ['--import', SHIFT_CLOCK, ...spec.args] };
    };
    await using rig = await openRig(context, { sdkWorkers: 3, rawWorkers: 0, adjust, lease: LEASE });
    context.say(`${count} tasks; clocks are wrong in ${Object.keys(skews).length} processes`);
    const load = rig.load({ count, perSecond: count / duration.toSeconds(), task: (n) => taskOf(kindOf(n)) });
    await load.done;
    // A lease that is not extended runs out by the database's clock: neither at once nor in five minutes.
    const victim = rig.cluster.process('worker-1');
    await pause(1_000);
    const killed = { process: victim.name, at: monotonicMillis() };
    await victim.kill();
    const problems = await rig.settle(Duration.ofSeconds(90));

    const starts = startsById(rig.journal());
    const waits = (kind: (typeof KINDS)[number]): readonly number[] =>
      [...load.acknowledged].flatMap(([id, { sentAt }]) => {
        const [first] = starts.get(id) ?? [];
        return kindOf(numberOf(id)) === kind && first ? [first.at - sentAt] : [];
      });
    const delays = [...waits('delayed'), ...waits('at a time')];
    const retries = [...load.acknowledged.keys()].flatMap((id) => {
      const [first, second] = starts.get(id) ?? [];
      return kindOf(numberOf(id)) === 'retried' && first && second ? [second.at - first.at] : [];
    });
    const rescued = rescues(rig.journal(), rig.claims, [killed]);
    const robbed = [...starts].filter(
      ([id, [first, second]]) =>
        kindOf(numberOf(id)) === 'long' && second !== undefined && first?.worker !== victim.name,
    );
    const early = (rule: string, millis: readonly number[], least: Duration): readonly string[] => {
      const tooEarly = millis.filter((each) => each < least.toMillis());
      return tooEarly.length === 0
        ? []
        : [
            `${rule}: ${tooEarly.length} of ${millis.length} were early, one by ${(least.toMillis() - Math.min(...tooEarly)).toFixed(0)} ms`,
          ];
    };
    return {
      tasks: rig.counts.acknowledged,
      faults: Object.keys(skews).length,
      measured: {
        'delayed 3 s': `${(Math.min(...delays) / 1_000).toFixed(2)} to ${longest(delays)}`,
        'retried after 2 s': `${(Math.min(...retries) / 1_000).toFixed(2)} to ${longest(retries)}`,
        'work of a killed worker again': `${longest(rescued)} (${rescued.length} attempts, lease ${LEASE.toString()})`,
        'started at once': longest(waits('at once')),
      },
      problems: [
        ...problems,
        ...early('nothing starts before its time', delays, LATER),
        // What the killed worker had claimed ahead waits for its lease as well.
        ...tooLong('what is due starts', delays, LATER.plus(LEASE).toMillis() + LATE_MS),
        ...early('retries wait as long as they should', retries, RETRY_AFTER),
        ...tooLong('retries start', retries, RETRY_AFTER.toMillis() + LATE_MS),
        ...tooLong("a killed worker's tasks start again", rescued, LEASE.toMillis() + LATE_MS),
        ...robbed.map(([id]) => `a lease that is extended is kept: task "${id}" was started again`),
        ...(retries.length === 0 || delays.length === 0 || rescued.length === 0
          ? ['the fault is felt: nothing was delayed, retried or rescued']
          : []),
      ],
    };
  },
};

function kindOf(n: number): (typeof KINDS)[number] {
  // One in twenty is long.
  return n % 20 === 19 ? 'long' : (KINDS[n % 4] ?? 'at once');
}

function taskOf(kind: (typeof KINDS)[number]): Omit<NewTask, 'id'> {
  const retry = { maxAttempts: 20, initialDelay: RETRY_AFTER, multiplier: 1, jitter: 0 };
  const work: Work = { ms: kind === 'long' ? LONG_WORK_MS : 0, failures: kind === 'retried' ? 1 : 0 };
  const due =
    kind === 'delayed'
      ? { delay: LATER }
      : kind === 'at a time'
        ? { runAt: new Date(Date.now() + LATER.toMillis()) }
        : {};
  return { type: 'work', params: work, retry, ...due };
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}

function startsById(journal: readonly JournalEntry[]): ReadonlyMap<string, readonly JournalEntry[]> {
  return Map.groupBy(
    journal.filter(({ what }) => what === 'started'),
    ({ id }) => id,
  );
}
