export * from './generated/orrery/event/v1/event.ts';
export * from './generated/orrery/event/v1/event_service.ts';
