import { dispatchv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { callDeaf } from '@orrery/testing';
import { addTasks, claimOptions, startScheduler } from './harness.ts';

const KIB = 1024;
const COUNT = 200;
const ENHANCE_YOUR_CALM = 11;

function workMessage(message: NonNullable<dispatchv1.WorkRequest['message']>): Uint8Array {
  return dispatchv1.WorkRequest.encode({ message }).finish();
}

test('the stream of a worker that does not read is closed; what it was never sent is given out again at once', async () => {
  const fixture = await startScheduler({ unread: Duration.ofMillis(500) });
  const { fullName, methods } = dispatchv1.DispatchServiceDefinition;
  const hello = workMessage({ $case: 'hello', value: { options: claimOptions('deaf') } });
  const credits = workMessage({ $case: 'credits', value: { add: 10_000 } });
  await addTasks(fixture.store, COUNT, { params: Buffer.alloc(100 * KIB) });
  const call = callDeaf(fixture.address, `/${fullName}/${methods.work.name}`, [hello, credits], true);
  expect(await call.code).toBe(ENHANCE_YOUR_CALM);

  // The clock stands still: no lease has run out.
  const options = claimOptions('reader');
  const waitTimeout = { seconds: 5n, nanos: 0 };
  const { leases } = await fixture.dispatch.claimTasks({ options, maxTasks: 1, waitTimeout });
  expect(leases).toHaveLength(1);
  const running = await fixture.store.tasks.listTasks({ namespace: 'default', statuses: ['RUNNING'], limit: COUNT });
  const held = running.filter(({ workerId }) => workerId === 'deaf');
  // What the transport had taken is lost until its leases run out: 16 messages of 256 KiB, and what is on the way.
  expect(held.length * 100 * KIB).toBeLessThan(6 * 1024 * KIB);
  const released = await fixture.store.tasks.listTasks({ namespace: 'default', statuses: ['PENDING'], limit: COUNT });
  expect(released.every(({ attempt }) => attempt === 0)).toBe(true);
  call.close();
  await fixture.stop();
});
