import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Duration } from '@orrery/duration';
import { readLog } from '../event-recorder.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';

const STREAM = 'ORRERY';
/** Longer than the window of the stream in the long form, which is two minutes. */
const LONG = Duration.ofSeconds(300);
const SHORT = Duration.ofSeconds(8);
const SUBMITS_WITHIN_MS = 5_000;

/** Takes NATS away for longer than it remembers what it was told. */
export const natsDown: Scenario = {
  name: 'nats-down',
  proves:
    'without NATS work goes on, and when it is back its consumers get every event, for each task in order and without a gap',
  async run(context) {
    const down = context.duration ?? (context.short ? SHORT : LONG);
    const count = context.tasks ?? (context.short ? 400 : 10_000);
    await using rig = await openRig(context, { nats: true, lease: Duration.ofSeconds(15) });
    const { nats, natsUrl } = rig.cluster;
    if (!nats || natsUrl === null) throw new Error('the cluster has no NATS');
    const before = rig.load({ count: count / 4, perSecond: count / 8, prefix: 'before' });
    await before.done;
    const window = await duplicateWindow(natsUrl);
    context.say(`NATS is down for ${down.toString()}; it remembers ids for ${window.toString()}`);
    await nats.stop('SIGKILL');
    const during = rig.load({ count: count / 2, perSecond: count / 2 / (down.toSeconds() * 0.7), prefix: 'during' });
    await pause(down.toMillis(), undefined, { signal: context.signal });
    const journal = rig.journal().filter(({ id }) => id.startsWith('during'));
    const startedDuring = journal.filter(({ what }) => what === 'started').length;
    const endedDuring = (await readLog(rig.store.events)).filter(
      ({ kind, taskId }) => kind === 'succeeded' && taskId.startsWith('during'),
    ).length;
    const slow = [...during.acknowledged.values()].filter(({ sentAt, at }) => at - sentAt > SUBMITS_WITHIN_MS).length;
    const acknowledgedDuring = during.acknowledged.size;
    await nats.start();
    const after = rig.load({ count: count / 4, perSecond: count / 8, prefix: 'after' });
    await Promise.all([during.done, after.done]);
    const problems = await rig.settle(Duration.ofSeconds(60));
    return {
      tasks: rig.counts.acknowledged,
      faults: 1,
      measured: {
        'created while NATS was down': `${acknowledgedDuring} of ${count / 2}`,
        'started while NATS was down': String(startedDuring),
        'completed while NATS was down': String(endedDuring),
        'events on NATS in the end': String(rig.recorder?.ids.size ?? 0),
        'NATS down': down.toString(),
        "NATS's window": window.toString(),
      },
      problems: [
        ...problems,
        ...(acknowledgedDuring < count / 4
          ? [`creating goes on without NATS: ${acknowledgedDuring} were acknowledged`]
          : []),
        ...(startedDuring < count / 4 ? [`work goes on without NATS: ${startedDuring} were started`] : []),
        ...(endedDuring < count / 5 ? [`completions go on without NATS: ${endedDuring} were accepted`] : []),
        ...(slow > 0
          ? [`creating goes on without NATS: ${slow} calls took longer than ${SUBMITS_WITHIN_MS / 1000} s`]
          : []),
      ],
    };
  },
};

async function duplicateWindow(servers: string): Promise<Duration> {
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  const { config } = await manager.streams.info(STREAM);
  await connection.close();
  return Duration.ofMillis(config.duplicate_window / 1e6);
}
