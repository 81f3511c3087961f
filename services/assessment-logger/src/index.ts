export { type AssessmentLoggerParts, createAssessmentLoggerService } from './assessment-logger.ts';
export { type EventSource, fromBus, fromLog } from './event-source.ts';
