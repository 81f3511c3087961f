import { dispatchv1, taskToProto, timeFromProto } from '@orrery/contracts';
import { invalidFields, type TaskKey } from '@orrery/core';
import { bind, Checks, type ServiceBinding } from '@orrery/service';
import type { SchedulerControl } from './control.ts';
import { MAX_BATCH } from './lease-calls.ts';

/** What the other services ask of the scheduler, over gRPC. */
export function schedulerService(control: SchedulerControl): ServiceBinding {
  return bind(dispatchv1.SchedulerServiceDefinition, {
    wake: async ({ queues, cancels, ...told }) => {
      control.wake({ queues, ...told, cancels: cancels.map(({ namespace, taskId }) => ({ namespace, id: taskId })) });
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
