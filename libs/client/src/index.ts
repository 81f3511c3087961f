export { type CallOrigin, type ClientOptions } from './client-options.ts';
export { type Client, createClient } from './create-client.ts';
export { type TaskPage, type TaskQuery } from './list-tasks.ts';
export { type EventQuery, type Events, type ReceivedEvent } from './subscribe-events.ts';
export { TaskCancelledError, TaskFailedError } from './task-errors.ts';
export { type TaskHandle, type WaitOptions } from './task-handle.ts';
export { type NewTask, type RetryOptions, type TaskOptions } from './task-spec.ts';
export { type AbortOptions, type CreateManyOptions, type CreateOptions, type Tasks } from './tasks.ts';
export { type Logger, OrreryError, PayloadError, type StatusName, type TlsOptions } from '@orrery/rpc';
