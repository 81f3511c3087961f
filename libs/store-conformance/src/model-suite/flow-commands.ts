import { Duration } from '@orrery/duration';
import type { Lane } from './lane.ts';

const NAMES = ['one', 'two', 'three'];

/** Sets one of three limits. */
export async function setLimit(lane: Lane): Promise<void> {
  const { random, namespace, store, model } = lane;
  const limit = {
    namespace,
    name: random.pick(NAMES),
    queue: random.pick(['', 'a', 'b']),
    type: random.pick(['', 'x.*', 'x.one', 'y']),
    perKey: random.chance(0.5),
    maxRunning: random.chance(0.7) ? random.between(0, 3) : null,
    rate: random.chance(0.5)
      ? { count: random.between(1, 3), period: second(random.next()), burst: random.between(1, 3) }
      : null,
  };
  lane.note('set limit', limit);
  await lane.compare(store.flow.setLimit(limit), () => model.flow.set(limit));
}

/** Deletes one of three limits. */
export async function deleteLimit(lane: Lane): Promise<void> {
  const { random, namespace, store, model } = lane;
  const name = random.pick(NAMES);
  lane.note('delete limit', name);
  await lane.compare(store.flow.deleteLimit(namespace, name), () => model.flow.delete(name));
}

/** Deletes all limits. */
export async function deleteAllLimits({ namespace, store, model }: Lane): Promise<void> {
  for (const name of [...model.flow.limits.keys()]) {
    await store.flow.deleteLimit(namespace, name);
    model.flow.delete(name);
  }
}

/** Lists the limits, and asks when a rate lets more begin. */
export async function lookAtLimits(lane: Lane): Promise<void> {
  const { random, namespace, store, model, clock } = lane;
  const queues = random.some(['a', 'b', 'c'], 2);
  lane.note('look at limits', { queues });
  await lane.compare(store.flow.listLimits(namespace), () => model.flow.list());
  const opening = await store.flow.nextOpening(namespace, queues);
  lane.mustEqual('the next opening', opening?.toMillis() ?? null, model.flow.nextOpening(queues, clock.now()));
}

function second(share: number): Duration {
  return Duration.ofMillis(1 + Math.floor(share * 4000));
}
