import { eventv1, taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { callDeaf, recordingLogger } from '@orrery/testing';
import { Waiters } from '../src/waiters.ts';
import { WatchStream } from '../src/watch-tasks.ts';
import { spec, startTaskApi } from './harness.ts';

const ENHANCE_YOUR_CALM = 11;
const MIB = 1024 * 1024;
const { TaskServiceDefinition, WatchTasksRequest } = taskv1;
const { EventServiceDefinition, SubscribeRequest } = eventv1;
const watchTasks = `/${TaskServiceDefinition.fullName}/${TaskServiceDefinition.methods.watchTasks.name}`;
const subscribe = `/${EventServiceDefinition.fullName}/${EventServiceDefinition.methods.subscribe.name}`;

describe('a caller that does not read', () => {
  let fixture: Awaited<ReturnType<typeof startTaskApi>>;

  beforeEach(async () => {
    fixture = await startTaskApi({ unread: Duration.ofMillis(500) });
  });

  afterEach(() => fixture.stop());

  async function create(count: number, bytes = 0): Promise<string[]> {
    const params = { data: Buffer.from(JSON.stringify('x'.repeat(bytes))), contentType: '' };
    const tasks = Array.from({ length: count }, () => spec('a.b', { params }));
    const request = { namespace: '', tasks, requestId: '', partialSuccess: false };
    const { results } = await fixture.tasks.createTasks(request);
    return results.map(({ taskId }) => taskId);
  }

  it('has its subscription closed', async () => {
    for (let i = 0; i < 5; i += 1) await create(1_000);
    const request = SubscribeRequest.encode({
      namespace: '',
      filter: undefined,
      start: { $case: 'time', value: new Date(0) },
    }).finish();
    expect(await callDeaf(fixture.address, subscribe, [request]).code).toBe(ENHANCE_YOUR_CALM);
  });

  it('has its watch closed', async () => {
    const taskIds = await create(8, 200_000);
    for (const taskId of taskIds) await fixture.tasks.cancelTask({ namespace: '', taskId });
    const request = WatchTasksRequest.encode({ namespace: '', taskIds, view: 0 }).finish();
    expect(await callDeaf(fixture.address, watchTasks, [request], true).code).toBe(ENHANCE_YOUR_CALM);
  });
});

test('more ends than may wait to be read: all of it is told, and little is held meanwhile', async () => {
  const fixture = await startTaskApi();
  const store = fixture.store.tasks;
  const params = { data: Buffer.from(JSON.stringify('x'.repeat(MIB / 2))), contentType: '' };
  const ids: string[] = [];
  for (let i = 0; i < 40; i += 1) {
    const { task } = await fixture.tasks.createTask({ namespace: '', task: spec('a.b', { params }), requestId: '' });
    ids.push(task?.id ?? '');
    await fixture.tasks.cancelTask({ namespace: '', taskId: ids[i] ?? '' });
  }
  const waiters = new Waiters(store, recordingLogger());
  const stream = new WatchStream({ store, waiters });
  const asked = async function* () {
    yield { namespace: '', taskIds: ids, view: taskv1.TaskView.FULL };
  };
  await stream.receiveAll(asked());
  expect(stream.heldBytes).toBeLessThan(5 * MIB);
  const told: string[] = [];
  for await (const { tasks } of stream.outgoing) {
    expect(stream.heldBytes).toBeLessThan(5 * MIB);
    told.push(...tasks.map(({ id }) => id));
  }
  expect(told.sort()).toEqual(ids.sort());
  await waiters.stop();
  await fixture.stop();
});
