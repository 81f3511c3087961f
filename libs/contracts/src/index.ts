export * as assessmentv1 from './assessment-v1.ts';
export * as dispatchv1 from './dispatch-v1.ts';
export * as errorv1 from './error-v1.ts';
export * as eventv1 from './event-v1.ts';
export * as flowv1 from './flow-v1.ts';
export * as namespacev1 from './namespace-v1.ts';
export * as reflectionv1 from './generated/grpc/reflection/v1/reflection.ts';
export * as rpc from './rpc.ts';
export * as schedulev1 from './schedule-v1.ts';
export * as taskv1 from './task-v1.ts';
export * as workerv1 from './worker-v1.ts';

export { readDescriptorImage } from './descriptor-image.ts';
export { auditRecordToProto } from './map-audit.ts';
export { strategyFromProto, strategyToProto } from './map-claim-strategy.ts';
export { type Dedup, dedupFromProto, dedupToProto } from './map-dedup.ts';
export { eventFromProto, eventToProto } from './map-event.ts';
export { flowLimitFromProto, flowLimitToProto } from './map-flow-limit.ts';
export { leaseFromProto, leaseToProto } from './map-lease.ts';
export type { LeasedTask, ReceivedLease } from './map-lease.ts';
export { namespaceFromProto, namespaceQuotasFromProto, namespaceToProto } from './map-namespace.ts';
export { payloadFromProto, payloadToProto } from './map-payload.ts';
export {
  ERROR_DOMAIN,
  refusalFromRpc,
  refusalFromStatus,
  refusalToRpc,
  refusalToStatus,
  statusCodeOf,
} from './map-refusal.ts';
export type { RefusalStatus } from './map-refusal.ts';
export { retryPolicyFromProto, retryPolicyToProto } from './map-retry-policy.ts';
export {
  runCauseFromProto,
  runCauseToProto,
  scheduleFromProto,
  scheduleRunFromProto,
  scheduleRunToProto,
  scheduleSpecFromProto,
  scheduleSpecToProto,
  scheduleToProto,
} from './map-schedule.ts';
export { taskErrorFromProto, taskErrorToProto } from './map-task-error.ts';
export {
  progressFromProto,
  statusFromProto,
  statusToProto,
  taskFromProto,
  taskToProto,
  viewFromProto,
} from './map-task.ts';
export {
  taskTypeDefaultsFromProto,
  taskTypeDefaultsToProto,
  taskTypeFromProto,
  taskTypeToProto,
} from './map-task-type.ts';
export { durationFromProto, durationToProto, timeFromProto } from './map-time.ts';
export {
  workerFromProto,
  workerHealthFromProto,
  workerProfileFromProto,
  workerProgressFromProto,
  workerProgressToProto,
  workerStateFromProto,
  workerStateToProto,
  workerToProto,
} from './map-worker.ts';
