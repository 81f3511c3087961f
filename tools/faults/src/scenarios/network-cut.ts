import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessSpec } from '@orrery/cluster';
import { Duration } from '@orrery/duration';
import { freePort } from '@orrery/testing';
import { monotonicMillis } from '../journal.ts';
import { type Fault, longest, nextClaims, tooLong } from '../recovery.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';
import { CUTS, startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';

const SCHEDULERS = ['scheduler-1', 'scheduler-2'];
const SUBMITS_WITHIN_MS = 5_000;
const HEALED_WITHIN_MS = 15_000;

/** Cuts the network before the schedulers, for the other services and for the workers in turn, in four ways. */
export const networkCut: Scenario = {
  name: 'network-cut',
  proves:
    'whatever the network between two services does, creating goes on, nothing is lost or done twice, and work goes on after it',
  async run(context) {
    const cutFor = Duration.ofSeconds(context.short ? 2 : 20);
    const calm = Duration.ofSeconds(context.short ? 1.5 : 15);
    const duration = cutFor.plus(calm).times(CUTS.length * 2);
    const count = context.tasks ?? (context.short ? 600 : 8_000);
    const ports = Object.fromEntries(
      await Promise.all(SCHEDULERS.map(async (name) => [name, await freePort()] as const)),
    );
    const proxies = (): Promise<TcpProxy[]> =>
      Promise.all(Object.values(ports).map((port) => startTcpProxy(`127.0.0.1:${port}`)));
    const before = { services: await proxies(), workers: await proxies() };
    const addresses = (each: readonly TcpProxy[]): string => each.map(({ address }) => address).join(',');
    const adjust = (spec: ProcessSpec): ProcessSpec => {
      const { kind, env } = spec;
      if (kind === 'worker') return { ...spec, env: { ...env, ORRERY_ADDRESS: addresses(before.workers) } };
      if (kind === 'scheduler') return spec;
      return { ...spec, env: { ...env, ORRERY_SCHEDULERS: addresses(before.services) } };
    };
    await using rig = await openRig(context, { ports, adjust, lease: Duration.ofSeconds(5) });
    const load = rig.load({ count, perSecond: count / duration.toSeconds() });
    const cuts: (Fault & { readonly healedAt: number })[] = [];
    try {
      for (const cut of CUTS) {
        for (const [who, links] of Object.entries(before)) {
          await pause(calm.toMillis(), undefined, { signal: context.signal });
          context.say(`${load.acknowledged.size} of ${count} acknowledged; ${cut} between ${who} and schedulers`);
          await Promise.all(links.map((proxy) => proxy.set(cut)));
          const at = monotonicMillis();
          await pause(cutFor.toMillis(), undefined, { signal: context.signal });
          await Promise.all(links.map((proxy) => proxy.set('pass')));
          cuts.push({ process: who, at, healedAt: monotonicMillis() });
        }
      }
      await load.done;
      const problems = await rig.settle(Duration.ofSeconds(90));
      const creates = [...load.acknowledged.values()].map(({ sentAt, at }) => at - sentAt);
      const healed = cuts.map(({ process, healedAt: at }) => ({ process, at }));
      const afterwards = nextClaims(rig.claims, load.acknowledged, healed);
      const meanwhile = nextClaims(
        rig.claims,
        load.acknowledged,
        cuts.filter(({ process }) => process === 'services'),
      );
      return {
        tasks: rig.counts.acknowledged,
        faults: cuts.length,
        measured: {
          'slowest create': longest(creates),
          'work without wake-ups': longest(meanwhile),
          'work after the network was well': longest(afterwards),
          'stale outcomes refused': String(rig.counts.refused),
        },
        problems: [
          ...problems,
          ...tooLong('creating goes on', creates, SUBMITS_WITHIN_MS),
          ...tooLong('work goes on while services cannot reach the schedulers', meanwhile, SUBMITS_WITHIN_MS),
          ...tooLong('work goes on after the network was well', afterwards, HEALED_WITHIN_MS),
        ],
      };
    } finally {
      await Promise.all([...before.services, ...before.workers].map((proxy) => proxy.close()));
    }
  },
};
