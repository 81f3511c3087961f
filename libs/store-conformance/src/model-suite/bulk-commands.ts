import { cancelTask, compareIds, TASK_STATUSES, type ChangedTask, type TaskBatch } from '@orrery/core';
import type { Lane } from './lane.ts';

/** Cancels some tasks. */
export async function cancelMany(lane: Lane): Promise<void> {
  const [batch, now] = [someTasks(lane), lane.clock.now()];
  lane.note('cancelMany', batch);
  await lane.compare(lane.store.tasks.cancelTasks(batch).then(summary), () =>
    summary(lane.model.changeMany(batch, (task) => cancelTask(task, now), now)),
  );
}

/** Redrives some tasks. */
export async function redriveMany(lane: Lane): Promise<void> {
  const [batch, now] = [someTasks(lane), lane.clock.now()];
  lane.note('redriveMany', batch);
  await lane.compare(lane.store.tasks.redriveTasks(batch).then(summary), () =>
    summary(lane.model.changeMany(batch, (task) => lane.model.redrive(task, now), now)),
  );
}

/** Deletes some tasks. */
export async function deleteMany(lane: Lane): Promise<void> {
  const [batch, now] = [someTasks(lane), lane.clock.now()];
  lane.note('deleteMany', batch);
  await lane.compare(lane.store.tasks.deleteTasks(batch).then(summary), () =>
    summary(lane.model.deleteMany(batch, now)),
  );
}

function someTasks({ random, namespace, ids }: Lane): TaskBatch {
  return { namespace, ids: random.some(ids, 4), statuses: random.some(TASK_STATUSES, 3) };
}

/** What is told of changed tasks, in an order of its own: there is none. */
function summary(tasks: readonly ChangedTask[]): readonly ChangedTask[] {
  const told = tasks.map(({ id, queue, type, status }) => ({ id, queue, type, status }));
  return told.sort((a, b) => compareIds(a.id, b.id));
}
