export * from './generated/orrery/task/v1/task.ts';
export * from './generated/orrery/task/v1/task_service.ts';
