import { eventv1, flowv1, namespacev1, schedulev1, taskv1 } from '@orrery/contracts';
import { call, openChannel, traceCalls } from '@orrery/rpc';
import { createClientFactory } from 'nice-grpc';
import type { CallOptions } from 'nice-grpc-common';
import type { ClientSettings } from './client-options.ts';

/** A client's connection: the stub, and how its calls are made. */
export interface Connection {
  readonly settings: ClientSettings;
  readonly stub: taskv1.TaskServiceClient;
  readonly types: taskv1.TaskTypeServiceClient;
  readonly namespaces: namespacev1.NamespaceServiceClient;
  readonly flow: flowv1.FlowServiceClient;
  readonly events: eventv1.EventServiceClient;
  readonly schedules: schedulev1.ScheduleServiceClient;
  /** Makes a call that is safe to repeat; rejects with an OrreryError, or the signal's reason. */
  call<T>(attempt: (options: CallOptions) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): void;
}

/** Opens a connection; nothing is sent before the first call. */
export function connect(settings: ClientSettings): Connection {
  const channel = openChannel(settings);
  return {
    settings,
    stub: createClientFactory().use(traceCalls).create(taskv1.TaskServiceDefinition, channel),
    types: createClientFactory().use(traceCalls).create(taskv1.TaskTypeServiceDefinition, channel),
    namespaces: createClientFactory().use(traceCalls).create(namespacev1.NamespaceServiceDefinition, channel),
    flow: createClientFactory().use(traceCalls).create(flowv1.FlowServiceDefinition, channel),
    events: createClientFactory().use(traceCalls).create(eventv1.EventServiceDefinition, channel),
    schedules: createClientFactory().use(traceCalls).create(schedulev1.ScheduleServiceDefinition, channel),
    call: (attempt, signal) => call(attempt, settings, signal),
    close: () => channel.close(),
  };
}
