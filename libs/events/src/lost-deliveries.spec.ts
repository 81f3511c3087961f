import type { Consumer, ConsumerInfo } from '@nats-io/jetstream';
import { Duration } from '@orrery/duration';
import { LostDeliveries } from './lost-deliveries.ts';

/** A consumer that answers as it is told to, and says how often it was asked. */
function setUp() {
  const state = { leader: 'n1', pending: 0, held: 0, asked: 0, clientId: 1 };
  const consumer: Pick<Consumer, 'info'> = {
    info: async () => {
      state.asked += 1;
      return { num_ack_pending: state.pending, cluster: { leader: state.leader } } as ConsumerInfo;
    },
  };
  const connection = {
    get info() {
      return { server_id: 's', client_id: state.clientId } as never;
    },
  };
  const lost = new LostDeliveries({
    consumer,
    connection,
    held: () => state.held,
    patience: Duration.ofSeconds(30),
    signal: new AbortController().signal,
  });
  return { lost, state };
}

/** Whether a promise is still open when everything that could settle it at once has run. */
async function isOpen(promise: Promise<void> | null): Promise<boolean> {
  const turn = new Promise((resolve) => setImmediate(() => resolve('open')));
  return (await Promise.race([promise, turn])) === 'open';
}

describe('deliveries that never arrived', () => {
  it('asks nobody while numbers follow one another', async () => {
    const { lost, state } = setUp();
    await lost.noticedBy(7);
    expect([8, 9, 10].map((number) => lost.noticedBy(number))).toEqual([null, null, null]);
    expect(state.asked).toBe(1);
  });

  it('does not wait for numbers that others took', async () => {
    const { lost, state } = setUp();
    await lost.noticedBy(1);
    Object.assign(state, { pending: 5, held: 1, clientId: 1 });
    expect(lost.noticedBy(4)).toBeNull();
  });

  it.each([
    ['a server that leads', { leader: 'n2' }],
    ['a connection', { clientId: 2 }],
  ])('waits after the loss of %s until nothing is missing', async (_, change) => {
    const { lost, state } = setUp();
    await lost.noticedBy(1);
    Object.assign(state, { pending: 3, held: 2, clientId: 2, ...change });
    const missing = lost.noticedBy(3);
    expect(await isOpen(missing)).toBe(true);
    state.held = 3;
    await missing;
    // From now on this is how things are.
    expect(lost.noticedBy(9)).toBeNull();
  });
});
