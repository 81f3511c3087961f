import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { inFlight } from '../in-flight.ts';
import { jobOf } from '../job.ts';
import type { Rates } from './floors.ts';
import { rateOf } from './rate-of.ts';

const MESSAGES = 30_000;
const MOST_OUTSTANDING = 1_000;
const WARM_UP = 500;
const ITEM = Buffer.from(JSON.stringify(jobOf(0)));

/** Publishing 100-byte messages: to nobody in particular, and to a stream in files with so many acknowledgements outstanding. */
export async function measureNats(url: string, scale: number): Promise<Rates> {
  const connection = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'BENCH', subjects: ['bench.stored'], storage: StorageType.File });
    const js = jetstream(connection);
    const publish = () => js.publish('bench.stored', ITEM);
    await inFlight(WARM_UP, MOST_OUTSTANDING, publish);
    const messages = Math.ceil(MESSAGES * scale);
    const core = await rateOf(messages * 10, async () => {
      for (let index = 0; index < messages * 10; index++) connection.publish('bench.core', ITEM);
      await connection.flush();
    });
    const stored = await rateOf(messages, () => inFlight(messages, MOST_OUTSTANDING, publish));
    return { 'core publish, no ack': core, 'JetStream publish, file storage': stored };
  } finally {
    await connection.close();
  }
}
