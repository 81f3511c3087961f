export * from './generated/orrery/assessment/v1/audit.ts';
export * from './generated/orrery/assessment/v1/audit_service.ts';
