import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { monotonicMs } from './monotonic.ts';

const STREAM = 'ORRERY';
const SUCCEEDED = 'orrery.task.v1.succeeded.>';
const LOOK_EVERY_MS = 10;
const GIVEN_UP_AFTER_MS = 120_000;

/** Resolves, by the monotonic clock, once NATS has an event of the success of so many tasks. Rejects if it has not in two minutes. */
export async function eventsStored(natsUrl: string, tasks: number): Promise<number> {
  const connection = await connect({ servers: natsUrl });
  try {
    const { streams } = await jetstreamManager(connection);
    const until = monotonicMs() + GIVEN_UP_AFTER_MS;
    for (;;) {
      const { state } = await streams.info(STREAM, { subjects_filter: SUCCEEDED });
      const events = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
      const now = monotonicMs();
      if (events === tasks) return now;
      if (events > tasks || now > until) throw new Error(`NATS has ${events} successes of ${tasks} tasks`);
      await pause(LOOK_EVERY_MS);
    }
  } finally {
    await connection.close();
  }
}
