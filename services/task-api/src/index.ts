export { createTaskApiService, type TaskApi, type TaskApiParts } from './task-api.ts';
export type { SchedulerPort } from './scheduler-port.ts';
