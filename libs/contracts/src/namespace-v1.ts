export * from './generated/orrery/namespace/v1/namespace.ts';
export * from './generated/orrery/namespace/v1/namespace_service.ts';
