export { type AssessmentLoggerParts, createAssessmentLoggerService } from './assessment-logger.ts';
export { type EventSource, fromBus } from './event-source.ts';
