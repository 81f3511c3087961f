export { TaskQueue, type TaskQueueOptions } from './task-queue.ts';
export { type EnqueueOptions } from './enqueue-options.ts';
export { openStorage } from './storage.ts';
export { type TaskResult } from './task-result.ts';
export { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';
