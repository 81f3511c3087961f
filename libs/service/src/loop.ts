import { setImmediate } from 'node:timers/promises';
import { Duration } from '@orrery/duration';
import { outsideCalls } from './call-scope.ts';
import type { Logger } from './logger.ts';
import { sleep as realSleep, type Sleep } from './sleep.ts';

/** Something that is done again and again. */
export interface LoopOptions {
  readonly name: string;
  /** The pause after a turn that found nothing more to do. */
  readonly interval: Duration;
  /** One turn. `again`: there is more to do, go on at once. Its signal fires when the loop is stopped. */
  readonly runOnce: (signal: AbortSignal) => Promise<'again' | 'idle'>;
  readonly logger: Logger;
  /** How to pause; the machine's clock unless given. */
  readonly sleep?: Sleep;
  /** A number from 0 (inclusive) to 1 (exclusive) that decides the jitter of the pause after an error. */
  readonly random?: () => number;
}

/** A loop that runs. */
export interface Loop {
  /** Ends the pause; called during a turn, another follows. After an error the pause stays as it is. */
  wake(): void;
  /** Fires the turn's signal, waits for the turn to end, and starts no other. */
  stop(): Promise<void>;
}

/** Why a pause was cut short; without a reason of ours each wake-up would make an error, stack and all. */
const WOKEN = 'woken';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/** Starts with a turn at once. Errors are logged and followed by a pause of 0.1 s doubling up to 10 s, with jitter downwards. */
export function startLoop({
  name,
  interval,
  runOnce,
  logger,
  sleep = realSleep,
  random = Math.random,
}: LoopOptions): Loop {
  const stopping = new AbortController();
  let pause = new AbortController();
  let woken = false;
  let failures = 0;
  const ended = outsideCalls(run);

  return {
    wake() {
      woken = true;
      pause.abort(WOKEN);
    },
    async stop() {
      stopping.abort();
      pause.abort();
      await ended;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false;
      const outcome = await turn();
      if (stopping.signal.aborted) return;
      if (outcome === 'failed') await sleep(backoff(), stopping.signal);
      // Others get their turn too, even when there is always more to do.
      else if (outcome === 'again' || woken) await setImmediate();
      else await idle();
    }
  }

  async function turn(): Promise<'again' | 'idle' | 'failed'> {
    try {
      const outcome = await runOnce(stopping.signal);
      failures = 0;
      return outcome;
    } catch (error) {
      if (stopping.signal.aborted) return 'idle';
      failures += 1;
      logger.error('loop failed', { loop: name, failures, error });
      return 'failed';
    }
  }

  async function idle(): Promise<void> {
    pause = new AbortController();
    await sleep(interval, pause.signal);
  }

  function backoff(): Duration {
    const most = Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS);
    return Duration.ofMillis(Math.round(most * (1 - random() / 2)));
  }
}
