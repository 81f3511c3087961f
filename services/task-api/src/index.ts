export { createTaskApiService, type TaskApiParts } from './task-api.ts';
export type { SchedulerPort } from './scheduler-port.ts';
