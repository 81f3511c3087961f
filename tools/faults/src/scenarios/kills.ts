import { setTimeout as pause } from 'node:timers/promises';
import type { NewTask } from '@orrery/client';
import { Duration } from '@orrery/duration';
import { Availability } from '../availability.ts';
import { monotonicMillis } from '../journal.ts';
import { type Fault, longest, nextClaims, rescues, tooLong } from '../recovery.ts';
import { openRig } from '../rig.ts';
import type { Random } from '../random.ts';
import type { Scenario } from '../scenario.ts';
import { QUICK_RETRY } from '../task-load.ts';
import type { Work } from '../work.ts';

const SCHEDULER_WITHIN_MS = 10_000;
const RESCUE_SLACK_MS = 5_000;
const EVERY_MS = 1_000;
/** Without one of each nothing can start. */
const NEEDED = ['task-api', 'scheduler', 'worker'] as const;

/** Kills a random process every second. */
export const kills: Scenario = {
  name: 'kills',
  proves:
    'nothing is lost or done twice while services and workers are killed, one every second, and work goes on soon',
  async run(context) {
    const { short, random } = context;
    const duration = context.duration ?? Duration.ofSeconds(short ? 20 : 120);
    const count = context.tasks ?? (short ? 2_000 : 20_000);
    const lease = Duration.ofSeconds(short ? 10 : 30);
    await using rig = await openRig(context, { sdkWorkers: 3, rawWorkers: 1, lease, nats: true });
    const load = rig.load({ count, perSecond: count / duration.toSeconds(), task: (n) => taskOf(n, random) });
    const targets = [...rig.cluster.processes.values()].filter(({ kind }) => kind !== 'postgres' && kind !== 'nats');
    const schedulers = targets.filter(({ kind }) => kind === 'scheduler');
    const faults: Fault[] = [];
    const available = new Availability(targets.filter(({ kind }) => NEEDED.some((needed) => needed === kind)));
    const end = monotonicMillis() + duration.toMillis();
    for (let turn = 1; monotonicMillis() < end; turn += 1) {
      await pause(EVERY_MS, undefined, { signal: context.signal });
      // Now and then all schedulers at once, so that no other takes over.
      const allAtOnce = turn % 20 === 5;
      const up = targets.filter((each) => available.isUp(each));
      const victims = allAtOnce ? schedulers : up.length > 0 ? [random.pick(up)] : [];
      context.say(
        `${load.acknowledged.size} of ${count} acknowledged; killing ${victims.map(({ name }) => name).join(', ')}`,
      );
      const alive = victims.filter(({ pid }) => pid !== null);
      const killed = await Promise.all(
        alive.map(async (victim) => ({ process: victim.name, at: await available.kill(victim) })),
      );
      faults.push(...killed);
    }
    await load.done;
    const problems = await rig.settle(lease.plus(Duration.ofSeconds(60)));
    const journal = rig.journal();
    const schedulerKills = faults.filter(({ process }) => rig.cluster.process(process).kind === 'scheduler');
    const workerKills = faults.filter(({ process }) => rig.cluster.process(process).kind === 'worker');
    const length = (from: number, to: number): number => available.millisBetween(from, to);
    const afterScheduler = nextClaims(rig.claims, load.acknowledged, schedulerKills, length);
    const afterWorker = rescues(journal, rig.claims, workerKills, length);
    const inAll = [
      ...nextClaims(rig.claims, load.acknowledged, schedulerKills),
      ...rescues(journal, rig.claims, workerKills),
    ];
    return {
      tasks: rig.counts.acknowledged,
      faults: faults.length,
      measured: {
        'work after a scheduler died': longest(afterScheduler),
        'work of a killed worker again': `${longest(afterWorker)} (${afterWorker.length} attempts, lease ${lease.toString()})`,
        '… and while none was running that it needs': longest(inAll),
        'stale outcomes refused': String(rig.counts.refused),
      },
      problems: [
        ...problems,
        ...(afterWorker.length === 0 ? ['the fault is felt: no killed worker was running anything'] : []),
        ...tooLong("work goes on after a scheduler's death", afterScheduler, SCHEDULER_WITHIN_MS),
        ...tooLong("a killed worker's tasks start again", afterWorker, lease.toMillis() + RESCUE_SLACK_MS),
      ],
    };
  },
};

/** One in twenty takes long enough to be interrupted, one in ten fails once. */
function taskOf(n: number, random: Random): Omit<NewTask, 'id'> {
  const work: Work = { ms: n % 20 === 0 ? 2_000 : Math.floor(random.next() * 100), failures: n % 10 === 5 ? 1 : 0 };
  return { type: 'work', params: work, retry: QUICK_RETRY };
}
