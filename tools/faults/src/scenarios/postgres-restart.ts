import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from '@orrery/duration';
import { monotonicMillis } from '../journal.ts';
import { startRawCalls } from '../raw-client.ts';
import { type Fault, longest, nextClaims } from '../recovery.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';

const EXPECTED: readonly string[] = ['OK', 'UNAVAILABLE'];

/** Kills PostgreSQL under load and has it started again. */
export const postgresRestart: Scenario = {
  name: 'postgres-restart',
  proves:
    'a killed PostgreSQL restarts no service, shows callers nothing but UNAVAILABLE, and loses nothing acknowledged',
  async run(context) {
    const kills = context.short ? 2 : 10;
    const duration = context.duration ?? Duration.ofSeconds(kills * 6);
    const count = context.tasks ?? (context.short ? 600 : 10_000);
    await using rig = await openRig(context, { lease: Duration.ofSeconds(15) });
    const { postgres } = rig.cluster;
    const services = [...rig.cluster.processes.values()].filter((each) => each !== postgres);
    const before = new Map(services.map(({ name, pid }) => [name, pid]));
    const load = rig.load({ count, perSecond: count / duration.toSeconds() });
    const raw = startRawCalls(rig.cluster.addresses.taskApi[0] ?? '', rig.books);
    const faults: Fault[] = [];
    for (let turn = 1; turn <= kills; turn += 1) {
      await pause(duration.toMillis() / kills / 2, undefined, { signal: context.signal });
      context.say(`${load.acknowledged.size} of ${count} acknowledged; killing PostgreSQL, ${turn} of ${kills}`);
      await postgres.kill();
      faults.push({ process: 'postgres', at: monotonicMillis() });
      await postgres.ready();
      await pause(duration.toMillis() / kills / 2, undefined, { signal: context.signal });
    }
    await load.done;
    await raw.stop();
    const problems = await rig.settle(Duration.ofSeconds(60));
    const restarted = services.filter(({ name, pid }) => pid !== before.get(name)).map(({ name }) => name);
    const others = Object.keys(raw.statuses).filter((status) => !EXPECTED.includes(status));
    const seen = Object.entries(raw.statuses).map(([status, times]) => `${times} ${status}`);
    return {
      tasks: rig.counts.acknowledged,
      faults: faults.length,
      measured: {
        'work after PostgreSQL died': longest(nextClaims(rig.claims, load.acknowledged, faults)),
        'statuses seen': seen.join(', '),
        'slowest call': longest([raw.slowestMillis]),
        'services restarted': restarted.length === 0 ? 'none' : restarted.join(', '),
      },
      problems: [
        ...problems,
        ...restarted.map((name) => `no service is restarted by it: ${name} was`),
        ...others.map((status) => `callers see only UNAVAILABLE: ${raw.statuses[status]} calls saw ${status}`),
        ...((raw.statuses['UNAVAILABLE'] ?? 0) === 0 ? ['the fault is felt: no call saw UNAVAILABLE'] : []),
      ],
    };
  },
};
