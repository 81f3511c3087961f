import { CONTENDERS, isOrrery } from '../src/contenders.ts';
import { Session } from '../src/session.ts';
import { prepareFor, runWorkload } from '../src/workloads.ts';

const SIZES = { single: 50, bulk: 50, paced: 10, idleSeconds: 0.1 };

test.each(CONTENDERS.filter(isOrrery).map((contender) => [contender.id, contender] as const))(
  '%s runs every workload, and each job exactly once',
  async (_id, contender) => {
    await using ground = new AsyncDisposableStack();
    const session = await Session.open(ground, contender, { jobs: 500 });
    const workloads = ['W1', 'W4', 'W1', 'W3', 'W3b', 'W5', 'idle', 'W2'] as const;
    for (const workload of workloads) {
      await prepareFor(workload, session);
      const measured = await runWorkload(workload, session, SIZES);
      for (const value of Object.values(measured)) expect(value).toBeGreaterThanOrEqual(0);
    }
    await session.assertExactlyOnce();
    await session.close();
  },
  60_000,
);
