export * from './generated/orrery/schedule/v1/schedule.ts';
export * from './generated/orrery/schedule/v1/schedule_service.ts';
