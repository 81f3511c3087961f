export { Duration } from './duration.ts';
export { InvalidDurationError } from './invalid-duration-error.ts';
export type { DurationInput, DurationParts, ExactDuration, ProtoDuration, TimedeltaForm } from './duration-input.ts';
