import { randomUUID } from 'node:crypto';
import type { EventLog, OrreryEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look without being woken. */
const INTERVAL = Duration.ofSeconds(1);

/** How many batches one turn publishes. */
const BATCHES = 100;

/** How long others wait for a process that went away with the cursor. */
const LEASE = Duration.ofSeconds(10);

/** Publishes events in the order of the log. One that was published but not yet passed when the process died comes again. */
export function startRelayLoop(deps: {
  readonly events: EventLog;
  readonly publish: (events: readonly OrreryEvent[]) => Promise<void>;
  readonly logger: Logger;
}): Loop {
  const owner = randomUUID();
  return startLoop({
    name: 'relay',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      await deps.events.sequence(BATCHES);
      const position = await deps.events.acquireCursor('relay', owner, LEASE);
      if (position === null) return 'idle';
      const batches = await deps.events.read(position, BATCHES);
      const last = batches.at(-1);
      if (!last) return 'idle';
      await deps.publish(batches.flatMap((batch) => batch.events));
      await deps.events.moveCursor('relay', owner, last.position);
      return batches.length === BATCHES ? 'again' : 'idle';
    },
  });
}
