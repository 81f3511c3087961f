import { fileURLToPath } from 'node:url';
import type { ProcessSpec } from '@orrery/cluster';
import { Duration } from '@orrery/duration';
import { longest } from '../recovery.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';

const SHARE = 0.1;
const LOSE_REPLIES = fileURLToPath(new URL('../lose-replies.ts', import.meta.url));

/** Has services commit, and then lose the reply of every tenth write and call. */
export const replyLost: Scenario = {
  name: 'reply-lost',
  proves:
    'what was committed although its reply was lost, on the way from the database or from a service, is neither lost nor done twice',
  async run(context) {
    const duration = context.duration ?? (context.short ? Duration.ofSeconds(10) : Duration.of({ minutes: 10 }));
    const count = context.tasks ?? (context.short ? 300 : 20_000);
    const seed = Math.floor(context.random.next() * 2 ** 32);
    const adjust = (spec: ProcessSpec): ProcessSpec => {
      if (spec.address === null || spec.kind === 'postgres' || spec.kind === 'nats') return spec;
      const env = { ...spec.env, FAULTS_LOST_SHARE: String(SHARE), FAULTS_SEED: String(seed) };
      return { ...spec, env, args: ['--import', LOSE_REPLIES, ...spec.args] };
    };
    const lost = { tally: 0 };
    const log = (line: string): void => void (lost.tally += line.includes('lost, as asked') ? 1 : 0);
    await using rig = await openRig(context, { adjust, log, nats: true, lease: Duration.ofSeconds(5) });
    context.say(`${count} tasks, ${SHARE * 100} % of replies lost, for ${duration.toString()}`);
    const load = rig.load({ count, perSecond: count / duration.toSeconds() });
    await load.done;
    const problems = await rig.settle(Duration.ofSeconds(90));
    return {
      tasks: rig.counts.acknowledged,
      faults: lost.tally,
      measured: {
        'replies lost, as logged': String(lost.tally),
        'slowest create': longest([...load.acknowledged.values()].map(({ sentAt, at }) => at - sentAt)),
        'attempts started': String(rig.counts.started),
        'outcomes refused': String(rig.counts.refused),
      },
      problems: [...problems, ...(lost.tally === 0 ? ['the fault is felt: no reply was lost'] : [])],
    };
  },
};
