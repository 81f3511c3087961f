import { setImmediate, setTimeout } from 'node:timers/promises';
import { createLogger } from '@orrery/service';
import { startSequenceLoop } from './sequence-loop.ts';

const logger = createLogger({ level: 'error', format: 'json' });

/** A sequence loop over a log that only counts how often it is put in order. */
async function startCounting() {
  let turns = 0;
  let turned = Promise.withResolvers<void>();
  const events = {
    sequence: async () => {
      turns += 1;
      turned.resolve();
      turned = Promise.withResolvers();
      return 0;
    },
  };
  const first = turned.promise;
  const loop = startSequenceLoop({ events, sequenced: () => undefined, logger });
  await first;
  return { loop, turns: () => turns, nextTurn: () => turned.promise };
}

describe('the sequence loop', () => {
  it('lets what nobody waits for gather, and takes it along when somebody may wait', async () => {
    const { loop, turns, nextTurn } = await startCounting();
    let hasGathered = false;
    const next = nextTurn();
    loop.wakeSoon();
    loop.wakeSoon();
    // As long as events gather: timers end in the order of their times, however slow the machine.
    const gathering = setTimeout(20).then(() => (hasGathered = true));
    expect(turns()).toBe(1);
    loop.wake();
    loop.wakeSoon();
    await next;
    expect(hasGathered).toBe(false);
    await gathering;
    await setTimeout(20);
    expect(turns()).toBe(2);
    await loop.stop();
  });

  it('turns by itself for what gathers', async () => {
    const { loop, turns, nextTurn } = await startCounting();
    const startedAt = performance.now();
    const next = nextTurn();
    loop.wakeSoon();
    await next;
    expect(turns()).toBe(2);
    expect(performance.now() - startedAt).toBeGreaterThan(15);
    await loop.stop();
  });

  it('makes no turn after it was stopped', async () => {
    const { loop, turns } = await startCounting();
    loop.wakeSoon();
    await loop.stop();
    loop.wake();
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    expect(turns()).toBe(1);
  });
});
