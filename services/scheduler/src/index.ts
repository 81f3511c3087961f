export { createSchedulerService, type Scheduler, type SchedulerParts } from './scheduler.ts';
export type { SchedulerControl } from './control.ts';
