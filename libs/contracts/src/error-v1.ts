export * from './generated/orrery/error/v1/error_reason.ts';
export * from './generated/orrery/error/v1/task_error.ts';
