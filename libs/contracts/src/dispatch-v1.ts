export * from './generated/orrery/dispatch/v1/dispatch.ts';
export * from './generated/orrery/dispatch/v1/dispatch_service.ts';
export * from './generated/orrery/dispatch/v1/scheduler_service.ts';
