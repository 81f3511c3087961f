export { type BulkOptions, type BulkProgress, type BulkSelection } from './bulk-change.ts';
export { type ClientOptions } from './client-options.ts';
export { type Client, createClient } from './create-client.ts';
export { type FlowLimitOptions, type FlowLimits } from './flow-limits.ts';
export { type TaskFilter, type TaskPage, type TaskQuery } from './list-tasks.ts';
export { type NamespaceOptions, type Namespaces, type SetNamespace } from './namespaces.ts';
export {
  type NewSchedule,
  type ScheduleChanges,
  type ScheduledTaskOptions,
  type ScheduleOptions,
  type ScheduleTimes,
} from './schedule-spec.ts';
export { type OnceOptions, type ScheduleCallOptions, type Schedules } from './schedules.ts';
export { type EventQuery, type EventReader, type Events, type ReceivedEvent } from './subscribe-events.ts';
export { TaskCancelledError, TaskFailedError } from './task-errors.ts';
export { type TaskHandle, type WaitOptions } from './task-handle.ts';
export { type DedupOptions, type NewTask, type TaskOptions } from './task-spec.ts';
export { type NewTaskType, type RegisteredType, type TaskTypes, type TypeDefaults } from './task-types.ts';
export { type AbortOptions, type CreateManyOptions, type CreateOptions, type Tasks } from './tasks.ts';
export type { RetryOptions } from '@orrery/core';
export { type CallOrigin, type Logger, OrreryError, PayloadError, type StatusName, type TlsOptions } from '@orrery/rpc';
