import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from '@orrery/duration';
import { Availability } from '../availability.ts';
import { monotonicMillis } from '../journal.ts';
import { type Fault, longest, nextStarts, rescues, tooLong } from '../recovery.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';

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
    const load = rig.load({ count, perSecond: count / duration.toSeconds() });
    const targets = [...rig.cluster.processes.values()].filter(({ kind }) => kind !== 'postgres' && kind !== 'nats');
    const schedulers = targets.filter(({ kind }) => kind === 'scheduler');
    const faults: Fault[] = [];
    const available = new Availability(targets.filter(({ kind }) => NEEDED.some((needed) => needed === kind)));
    const end = monotonicMillis() + duration.toMillis();
    for (let turn = 1; monotonicMillis() < end; turn += 1) {
      await pause(EVERY_MS, undefined, { signal: context.signal });
      // Now and then all schedulers at once, so that no other takes over.
      const allAtOnce = turn % 10 === 5;
      const victims = allAtOnce ? schedulers : [random.pick(targets)];
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
    const afterScheduler = nextStarts(journal, load.acknowledged, schedulerKills, length);
    const afterWorker = rescues(journal, workerKills, length);
    const inAll = [...nextStarts(journal, load.acknowledged, schedulerKills), ...rescues(journal, workerKills)];
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
        ...tooLong("work goes on after a scheduler's death", afterScheduler, SCHEDULER_WITHIN_MS),
        ...tooLong("a killed worker's tasks start again", afterWorker, lease.toMillis() + RESCUE_SLACK_MS),
      ],
    };
  },
};
