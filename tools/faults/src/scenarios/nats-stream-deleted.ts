import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { eventv1 } from '@orrery/contracts';
import { eventId } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createChannel, createClient } from 'nice-grpc';
import { readLog, recordNats } from '../event-recorder.ts';
import { openRig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';
import { Ledger } from '@orrery/testing';
import { waitUntil } from '../wait-until.ts';

const STREAM = 'ORRERY';
const WITHIN = Duration.ofSeconds(90);

/** Deletes the stream on NATS, and has it told again from the database. */
export const natsStreamDeleted: Scenario = {
  name: 'nats-stream-deleted',
  proves: 'a stream that was deleted on NATS is filled again from the database, with the very same events',
  async run(context) {
    const count = context.tasks ?? (context.short ? 500 : 20_000);
    const duration = context.duration ?? Duration.ofSeconds(context.short ? 4 : 60);
    await using rig = await openRig(context, { nats: true, lease: Duration.ofSeconds(15) });
    const { natsUrl, addresses } = rig.cluster;
    if (natsUrl === null) throw new Error('the cluster has no NATS');
    const load = rig.load({ count, perSecond: count / duration.toSeconds() });
    await pause(duration.toMillis() / 2, undefined, { signal: context.signal });
    context.say(`${load.acknowledged.size} of ${count} acknowledged; deleting the stream`);
    await deleteStream(natsUrl);
    await load.done;
    const recordedInTime = rig.recorder?.ids.size ?? 0;
    // What the first consumer missed is what the replay is for: another one is the judge.
    const problems = await rig.settle(WITHIN, { nats: false });

    // Once everything was told, nothing but the replay fills the next stream.
    const log = await readLog(rig.store.events);
    const last = log.at(-1);
    const caughtUp =
      last && (await waitUntil(() => rig.recorder?.ids.has(eventId(last)) === true, WITHIN, context.signal));
    context.say('deleting the stream again, and having everything told again');
    await deleteStream(natsUrl);
    const channel = createChannel(addresses.taskApi[0] ?? '');
    const stub = createClient(eventv1.EventServiceDefinition, channel);
    const startedAt = performance.now();
    await stub.replayEvents({ start: { $case: 'time', value: new Date(0) } });
    const told = new Ledger();
    for (const { taskId } of log) told.acknowledged(taskId);
    const recorder = await recordNats(natsUrl, told, 'faults-after');
    const expected = new Set(log.map(eventId));
    const all = await waitUntil(() => recorder.ids.size >= expected.size, WITHIN, context.signal);
    const seconds = (performance.now() - startedAt) / 1_000;
    await recorder.stop();
    channel.close();
    const missing = [...expected].filter((id) => !recorder.ids.has(id));
    const unknown = [...recorder.ids].filter((id) => !expected.has(id));
    return {
      tasks: rig.counts.acknowledged,
      faults: 2,
      measured: {
        'events in the database': String(expected.size),
        'events on NATS after the replay': String(recorder.ids.size),
        'heard without the replay': String(recordedInTime),
        'replayed in': `${seconds.toFixed(1)} s`,
      },
      problems: [
        ...problems,
        ...(caughtUp === true
          ? []
          : [`what comes after the deletion is told: the last event was not within ${WITHIN.toString()}`]),
        ...(all ? [] : [`everything is told again: ${missing.length} events were not within ${WITHIN.toString()}`]),
        ...missing.map((id) => `everything is told again: event ${id} was not`),
        ...unknown.map((id) => `only what the database has is told: event ${id} is not there`),
        ...told.check().map((problem) => `after the replay: ${problem}`),
      ],
    };
  },
};

async function deleteStream(servers: string): Promise<void> {
  const connection = await connect({ servers });
  await (await jetstreamManager(connection)).streams.delete(STREAM);
  await connection.close();
}
