export { createWorker, type Worker } from './create-worker.ts';
export { type HandledTask, type HandlerOptions, type TaskContext, type TaskHandler } from './handler.ts';
export { type AbortWhy, TaskAbortedError } from './task-aborted-error.ts';
export { type WorkerOptions } from './worker-options.ts';
export { type Logger, OrreryError, type TlsOptions } from '@orrery/rpc';
