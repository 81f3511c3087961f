import type { Outbox, TaskEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look without being woken. */
const INTERVAL = Duration.ofSeconds(1);

/** How many outbox batches one turn publishes. */
const BATCHES = 100;

/** Publishes events in the order of the outbox. One that was published but not yet deleted when the process died comes again. */
export function startRelayLoop(deps: {
  readonly outbox: Outbox;
  readonly publish: (events: readonly TaskEvent[]) => Promise<void>;
  readonly logger: Logger;
}): Loop {
  return startLoop({
    name: 'relay',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const batches = await deps.outbox.read(BATCHES);
      if (batches.length === 0) return 'idle';
      await deps.publish(batches.flatMap((batch) => batch.events));
      await deps.outbox.delete(batches.map((batch) => batch.id));
      return batches.length === BATCHES ? 'again' : 'idle';
    },
  });
}
