import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from '@orrery/duration';
import { monotonicMillis } from '../journal.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';

const LEASE = Duration.ofSeconds(2);
const FROZEN_FOR = Duration.ofSeconds(5);
/** Long enough that whoever is frozen holds some. */
const WORK_MS = 400;

/** Freezes workers and schedulers for longer than a lease, and thaws them. */
export const pauses: Scenario = {
  name: 'pauses',
  proves:
    'what a worker says after having been frozen for longer than its lease is refused, and a frozen scheduler stops nobody',
  async run(context) {
    const { short, random } = context;
    const duration = context.duration ?? Duration.ofSeconds(short ? 12 : 120);
    const count = context.tasks ?? (short ? 500 : 6_000);
    await using rig = await openRig(context, { sdkWorkers: 2, rawWorkers: 2, lease: LEASE });
    const { cluster } = rig;
    const task = () => ({
      type: 'work',
      params: { ms: WORK_MS * random.next() },
      retry: { maxAttempts: 100, initialDelay: '100ms' },
    });
    const load = rig.load({ count, perSecond: count / duration.toSeconds(), task });
    const kinds = ['worker', 'scheduler'] as const;
    const targets = [...cluster.processes.values()].filter(({ kind }) => kinds.some((each) => each === kind));
    const groups = kinds.map((kind) => targets.filter((each) => each.kind === kind));
    let faults = 0;
    const end = monotonicMillis() + duration.toMillis();
    while (monotonicMillis() < end) {
      await pause(1_000, undefined, { signal: context.signal });
      // Half of the workers or of the schedulers, so that the others could take over.
      const group = groups[faults % 2] ?? [];
      const frozen = [...group].sort(() => random.next() - 0.5).slice(0, Math.ceil(group.length / 2));
      context.say(
        `${load.acknowledged.size} of ${count} acknowledged; freezing ${frozen.map(({ name }) => name).join(', ')}`,
      );
      for (const each of frozen) each.pause();
      faults += 1;
      await pause(FROZEN_FOR.toMillis(), undefined, { signal: context.signal });
      for (const each of frozen) each.resume();
    }
    await load.done;
    const problems = await rig.settle(Duration.ofSeconds(60));
    const refusals = rig.journal().filter((entry) => entry.what === 'refused');
    const others = refusals.filter(({ reason }) => reason !== 'LEASE_LOST');
    return {
      tasks: rig.counts.acknowledged,
      faults,
      measured: {
        'stale outcomes refused': String(refusals.length),
        lease: LEASE.toString(),
        frozen: FROZEN_FOR.toString(),
      },
      problems: [
        ...problems,
        ...(refusals.length === 0 ? ['the fault is felt: no stale outcome was refused'] : []),
        ...others.map(
          ({ id, reason }) => `stale outcomes are refused with LEASE_LOST: task "${id}" was with ${reason}`,
        ),
      ],
    };
  },
};
