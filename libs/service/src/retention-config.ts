import { DEFAULT_RETENTION, type Retention } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { durationText } from './read-env.ts';

/** A request id is remembered for 24 h, and what it created must be there for as long. */
const SHORTEST = Duration.of({ hours: 24 });

/** How long ended tasks are kept, as a process reads it. */
export function retentionConfig() {
  const atLeast = (usual: Duration) =>
    durationText()
      .refine((age) => age.compareTo(SHORTEST) >= 0, 'must be at least 24h, for as long as request ids are remembered')
      .default(usual);
  return {
    /** How long SUCCEEDED tasks are kept, their results with them. */
    ORRERY_RETENTION_SUCCEEDED: atLeast(DEFAULT_RETENTION.SUCCEEDED),
    /** How long FAILED tasks, the dead letters, are kept. */
    ORRERY_RETENTION_FAILED: atLeast(DEFAULT_RETENTION.FAILED),
    /** How long CANCELLED tasks are kept. */
    ORRERY_RETENTION_CANCELLED: atLeast(DEFAULT_RETENTION.CANCELLED),
  };
}

/** What was read, by status. */
export function retentionOf(config: {
  readonly ORRERY_RETENTION_SUCCEEDED: Duration;
  readonly ORRERY_RETENTION_FAILED: Duration;
  readonly ORRERY_RETENTION_CANCELLED: Duration;
}): Retention {
  return {
    SUCCEEDED: config.ORRERY_RETENTION_SUCCEEDED,
    FAILED: config.ORRERY_RETENTION_FAILED,
    CANCELLED: config.ORRERY_RETENTION_CANCELLED,
  };
}
