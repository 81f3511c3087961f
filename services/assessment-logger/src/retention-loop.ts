import type { AuditStore, Clock } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look for records that are too old. */
const INTERVAL = Duration.ofSeconds(60);

/** How many records one turn forgets. */
const BATCH = 1_000;

/** Forgets records of what happened longer ago than the retention. */
export function startRetentionLoop(deps: {
  readonly audit: AuditStore;
  readonly retention: Duration;
  readonly clock: Clock;
  readonly logger: Logger;
}): Loop {
  return startLoop({
    name: 'audit-retention',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const before = new Date(deps.clock.now().getTime() - deps.retention.toMillis());
      const gone = await deps.audit.purge(before, BATCH);
      return gone === BATCH ? 'again' : 'idle';
    },
  });
}
