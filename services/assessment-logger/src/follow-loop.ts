import { randomUUID } from 'node:crypto';
import type { EventLog, OrreryEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look for events. */
const INTERVAL = Duration.ofSeconds(1);

/** How long others leave the cursor to a process that says nothing. */
const LEASE = Duration.ofSeconds(15);

/** How many batches one turn handles. */
const BATCHES = 100;

/**
 * Follows the event log, as far as a scheduler has sequenced it, behind a named cursor: of several processes one does, and another
 * goes on when it is gone.
 */
export function startFollowLoop(deps: {
  readonly name: string;
  readonly events: EventLog;
  readonly handle: (events: readonly OrreryEvent[]) => Promise<void>;
  readonly logger: Logger;
}): Loop {
  const { name, events, handle } = deps;
  const owner = randomUUID();
  return startLoop({
    name: `follow-${name}`,
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const position = await events.acquireCursor(name, owner, LEASE);
      if (position === null) return 'idle';
      const batches = await events.read(position, BATCHES);
      const last = batches.at(-1);
      if (!last) return 'idle';
      await handle(batches.flatMap((batch) => batch.events));
      const moved = await events.moveCursor(name, owner, last.position);
      return moved && batches.length === BATCHES ? 'again' : 'idle';
    },
  });
}
