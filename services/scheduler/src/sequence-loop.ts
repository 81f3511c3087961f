import type { EventLog } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look without being woken: other processes write events too. */
const INTERVAL = Duration.ofSeconds(1);

/** How many batches one statement puts in order. */
const BATCHES = 1_000;

/** Puts events in their order as soon as they are written, and tells whoever reads them. */
export function startSequenceLoop(deps: {
  readonly events: EventLog;
  /** Called when there is something new to read. */
  readonly sequenced: () => void;
  readonly logger: Logger;
}): Loop {
  return startLoop({
    name: 'sequence',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const count = await deps.events.sequence(BATCHES);
      if (count > 0) deps.sequenced();
      return count >= BATCHES ? 'again' : 'idle';
    },
  });
}
