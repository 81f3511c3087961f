export * from './generated/orrery/task/v1/task.ts';
export * from './generated/orrery/task/v1/task_service.ts';
export * from './generated/orrery/task/v1/task_type.ts';
export * from './generated/orrery/task/v1/task_type_service.ts';
