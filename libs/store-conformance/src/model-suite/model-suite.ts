import { TASK_EVENT_KINDS, type TaskEventKind } from '@orrery/core';
import { FakeClock } from '../fake-clock.ts';
import type { StoreAdapter } from '../store-suite/store-suite.ts';
import { World } from './world.ts';

const LANES = 25;
const STEPS = 20;
const TIMEOUT_MS = 3_600_000;

/**
 * Registers, as a Jest test, that the store answers random sequences of commands exactly as the pure commands do, and that what must
 * always hold holds after each step. `ORRERY_MODEL_RUNS` sets how many sequences; `ORRERY_MODEL_SEED` repeats a failure.
 */
export function modelSuite(
  name: string,
  adapter: StoreAdapter,
  { sequences = 10_000 }: { readonly sequences?: number } = {},
): void {
  const { ORRERY_MODEL_RUNS, ORRERY_MODEL_SEED } = process.env;
  const runs = Number(ORRERY_MODEL_RUNS ?? sequences);
  const firstSeed = Number(ORRERY_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

  describe(`${name} beside the model`, () => {
    it(
      `answers ${runs} random sequences of commands alike (ORRERY_MODEL_SEED=${firstSeed})`,
      async () => {
        const clock = new FakeClock();
        const store = await adapter.open(clock);
        const kinds = new Set<TaskEventKind>();
        await store.migrate();
        try {
          for (let done = 0, seed = firstSeed; done < runs; done += LANES, seed += 1) {
            const lanes = Math.min(LANES, runs - done);
            const prefix = `model-${process.pid}-${Date.now()}-${seed}`;
            const namespaces = Array.from({ length: lanes }, (_, lane) => `${prefix}-${lane}`);
            const world = new World(store, clock, seed, namespaces);
            await world.run(STEPS).catch((error: unknown) => {
              throw new Error(`repeat with ORRERY_MODEL_SEED=${seed} ORRERY_MODEL_RUNS=${lanes}: ${String(error)}`);
            });
            for (const kind of world.kinds) kinds.add(kind);
          }
          // So many sequences meet everything that can happen, or they are not worth much.
          if (runs >= 20 * LANES) expect([...kinds].sort()).toEqual([...TASK_EVENT_KINDS].sort());
        } finally {
          await (adapter.close ? adapter.close(store) : store.close());
        }
      },
      TIMEOUT_MS,
    );
  });
}
