import { eventv1, flowv1, namespacev1, refusalFromStatus, schedulev1, taskv1 } from '@orrery/contracts';
import type { Refusal, Store, TaskKey } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLocalBus } from '@orrery/events';
import { createLogger, serve, type ServerLimits } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { FakeClock } from '@orrery/testing';
import { createChannel, createClient } from 'nice-grpc';
import { type CallOptions, ClientError, type Metadata, Status } from 'nice-grpc-common';
import { createTaskApiService, type SchedulerPort } from '../src/index.ts';

/** A task-api on a real socket, over a store in memory or another; what it asks of the scheduler is done on the store and noted. */
export async function startTaskApi(limits: ServerLimits = {}, other?: Store) {
  const clock = new FakeClock();
  const store = other ?? openMemoryStore({ clock });
  const logger = createLogger({ level: 'error', format: 'json' });
  const hints: Parameters<SchedulerPort['wake']>[0][] = [];
  const scheduler: SchedulerPort = {
    wake: (hint) => void hints.push(hint),
    retryTask: (key: TaskKey) => store.tasks.redriveTask(key),
    retryTasks: async (namespace, ids) =>
      (await store.tasks.redriveTasks({ namespace, ids, statuses: ['FAILED'] })).map(({ id }) => id),
    rescheduleTask: (key: TaskKey, runAt: Date) => store.tasks.rescheduleTask(key, runAt),
  };
  const bus = createLocalBus({ logger });
  const api = createTaskApiService({ store, scheduler, bus, logger, maxPayloadBytes: 1024 * 1024 });
  const server = await serve({
    modules: [api],
    host: '127.0.0.1',
    port: 0,
    logger,
    limits,
    shutdownGrace: Duration.ofSeconds(2),
  });
  const channel = createChannel(`127.0.0.1:${server.port}`, undefined, { 'grpc.max_send_message_length': -1 });
  return {
    clock,
    store,
    hints,
    bus,
    address: `127.0.0.1:${server.port}`,
    tasks: createClient(taskv1.TaskServiceDefinition, channel),
    flow: createClient(flowv1.FlowServiceDefinition, channel),
    namespaces: createClient(namespacev1.NamespaceServiceDefinition, channel),
    types: createClient(taskv1.TaskTypeServiceDefinition, channel),
    schedules: createClient(schedulev1.ScheduleServiceDefinition, channel),
    events: createClient(eventv1.EventServiceDefinition, channel),
    stopServer: () => server.stop(),
    async stop() {
      channel.close();
      await server.stop();
      await bus.close();
      await store.close();
    },
  };
}

/** A task to create, with everything but its type left at its default. */
export function spec(type: string, fields: Partial<taskv1.TaskSpec> = {}): taskv1.TaskSpec {
  return { ...taskv1.TaskSpec.decode(new Uint8Array()), type, ...fields };
}

/** A call that must be refused: its status and its one ErrorInfo. */
export async function refusalOf(
  call: (options: CallOptions) => Promise<unknown>,
): Promise<{ code: string; refusal: Refusal }> {
  let trailer: Metadata | undefined;
  try {
    await call({ onTrailer: (metadata) => (trailer = metadata) });
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const details = trailer?.get('grpc-status-details-bin');
    const refusal = refusalFromStatus(details instanceof Uint8Array ? details : undefined);
    if (!refusal) throw new Error(`refused without an ErrorInfo: ${error.message}`);
    return { code: Status[error.code] ?? '', refusal };
  }
  throw new Error('the call was not refused');
}
