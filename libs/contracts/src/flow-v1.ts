export * from './generated/orrery/flow/v1/flow.ts';
export * from './generated/orrery/flow/v1/flow_service.ts';
