export * from './generated/orrery/worker/v1/worker.ts';
export * from './generated/orrery/worker/v1/worker_service.ts';
