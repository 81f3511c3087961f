import { dispatchv1, taskToProto, timeFromProto } from '@orrery/contracts';
import { invalidFields, type TaskKey } from '@orrery/core';
import { bind, Checks, type ServiceBinding } from '@orrery/service';
import type { SchedulerControl } from './control.ts';
import { MAX_BATCH } from './lease-calls.ts';

/** The most queues or tasks that one hint may name: those of many changes may have been gathered. */
const MAX_HINTS = 10_000;

/** What the other services ask of the scheduler, over gRPC; `draining` ends the streams of hints. */
export function schedulerService(control: SchedulerControl, draining: AbortSignal): ServiceBinding {
  return bind(dispatchv1.SchedulerServiceDefinition, {
    wake: async (hints, call) => {
      // Until it has heard from us its client keeps every hint, to say it again on another connection.
      call.sendHeader();
      await untilAborted(draining, takeHints(control, hints));
      return {};
    },
    retryTask: async ({ task }) => {
      const redriven = await control.retryTask(readKey(task));
      return { task: taskToProto(redriven, 'BASIC') };
    },
    retryTasks: async ({ namespace, taskIds }) => {
      const checks = new Checks();
      const name = checks.name('namespace', namespace, { default: 'default' });
      checks.require(taskIds.length <= MAX_BATCH, 'task_ids', `has more than ${MAX_BATCH} entries`);
      taskIds.slice(0, MAX_BATCH).forEach((id, i) => checks.name(`task_ids[${i}]`, id));
      checks.done();
      return { taskIds: [...(await control.retryTasks(name, taskIds))] };
    },
    rescheduleTask: async ({ task, runTime }) => {
      const moved = await control.rescheduleTask(readKey(task), readTime(runTime, 'run_time'));
      return { task: taskToProto(moved, 'BASIC') };
    },
    reclaimWorker: async (request) => {
      const checks = new Checks();
      const namespace = checks.name('namespace', request.namespace, { default: 'default' });
      const workerId = checks.name('worker_id', request.workerId);
      checks.done();
      const heldSince = readTime(request.lastHeartbeatTime, 'last_heartbeat_time');
      return { taskCount: await control.reclaimWorker({ namespace, workerId, heldSince }) };
    },
  });
}

async function takeHints(control: SchedulerControl, hints: AsyncIterable<dispatchv1.WakeRequest>): Promise<void> {
  for await (const hint of hints) control.wake(readHint(hint));
}

async function untilAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  if (signal.aborted) return;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function readHint({ queues, cancels, ...told }: dispatchv1.WakeRequest): Parameters<SchedulerControl['wake']>[0] {
  const checks = new Checks();
  checks.require(queues.length <= MAX_HINTS, 'queues', `has more than ${MAX_HINTS} entries`);
  checks.require(cancels.length <= MAX_HINTS, 'cancels', `has more than ${MAX_HINTS} entries`);
  const read = {
    ...told,
    queues: queues.slice(0, MAX_HINTS).map(({ namespace, queue }, i) => ({
      namespace: checks.name(`queues[${i}].namespace`, namespace, { default: 'default' }),
      queue: checks.name(`queues[${i}].queue`, queue),
    })),
    cancels: cancels.slice(0, MAX_HINTS).map(({ namespace, taskId }, i) => ({
      namespace: checks.name(`cancels[${i}].namespace`, namespace, { default: 'default' }),
      id: checks.name(`cancels[${i}].task_id`, taskId),
    })),
  };
  checks.done();
  return read;
}

function readTime(time: Date | undefined, field: string): Date {
  if (!time) throw invalidFields([{ field, description: 'is required' }]);
  return timeFromProto(time, field);
}

function readKey(task: dispatchv1.TaskRef | undefined): TaskKey {
  const checks = new Checks();
  const namespace = checks.name('task.namespace', task?.namespace ?? '', { default: 'default' });
  const id = checks.name('task.task_id', task?.taskId ?? '');
  checks.done();
  return { namespace, id };
}
