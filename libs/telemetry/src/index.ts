export { observeAudit, observeBus } from './observe-events.ts';
export { observeStore, type ObserveOptions } from './observe-store.ts';
export { type BacklogOptions, type OutboxLag, reportBacklog } from './report-backlog.ts';
export { NO_TELEMETRY, startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.ts';
