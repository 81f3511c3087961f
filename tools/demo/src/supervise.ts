import type { ChildProcess } from 'node:child_process';
import type { Duration } from '@orrery/duration';

/** How a process is kept alive. */
export interface SuperviseOptions {
  /** For messages, e.g. "worker 1". */
  readonly name: string;
  /** Starts the process; called again after each of its ends. */
  readonly start: () => ChildProcess;
  /** How long to wait before the first restart; doubles with each that follows soon. */
  readonly initialDelay: Duration;
  readonly maxDelay: Duration;
  /** A process that has run for this long starts the count of restarts anew. */
  readonly healthyAfter: Duration;
  /** How many restarts in a row before giving up. */
  readonly maxRestarts: number;
  /** How long a process may take to end after SIGTERM before it is sent SIGKILL. */
  readonly stopGrace: Duration;
  /** Told of each unexpected end, and how long until the restart. */
  readonly onRestart?: (ended: string, delay: Duration) => void;
}

/** A process that is kept alive. */
export interface Supervised {
  readonly name: string;
  readonly pid: number | undefined;
  readonly restarts: number;
  /** Rejects when the process has been given up; never resolves. */
  readonly givenUp: Promise<never>;
  /** Ends the process for good; resolves once it is gone. */
  stop(): Promise<void>;
  /** Leaves the process running and no longer looks after it. */
  release(): void;
}

/** Starts a process and starts it again whenever it ends, later each time, until stopped, released or given up. */
export function supervise(options: SuperviseOptions): Supervised {
  const givenUp = Promise.withResolvers<never>();
  givenUp.promise.catch(() => undefined);
  let child: ChildProcess;
  let over = false;
  let restarts = 0;
  let inARow = 0;
  let timer: NodeJS.Timeout | undefined;

  const begin = () => {
    const startedAt = performance.now();
    const started = options.start();
    child = started;
    let ended = false;
    const onEnd = (how: string) => {
      if (ended || over) return;
      ended = true;
      if (performance.now() - startedAt >= options.healthyAfter.toMillis()) inARow = 0;
      again(how);
    };
    started.once('exit', (code, signal) => onEnd(signal ? `was ended by ${signal}` : `exited with ${code}`));
    started.once('error', (error) => onEnd(`could not be started: ${error.message}`));
  };
  const again = (how: string) => {
    inARow += 1;
    if (inARow > options.maxRestarts) {
      over = true;
      const message = `${options.name} ${how}, the last of ${inARow} times in a row: given up`;
      givenUp.reject(new Error(message));
      return;
    }
    restarts += 1;
    const delay = delayBefore(inARow, options);
    options.onRestart?.(how, delay);
    timer = setTimeout(begin, delay.toMillis());
  };
  begin();

  return {
    name: options.name,
    get pid() {
      return child.pid;
    },
    get restarts() {
      return restarts;
    },
    givenUp: givenUp.promise,
    async stop() {
      over = true;
      clearTimeout(timer);
      await end(child, options.stopGrace);
    },
    release() {
      over = true;
      clearTimeout(timer);
      child.unref();
    },
  };
}

/** How long to wait before the nth restart in a row. */
export function delayBefore(
  restart: number,
  { initialDelay, maxDelay }: Pick<SuperviseOptions, 'initialDelay' | 'maxDelay'>,
): Duration {
  const delay = initialDelay.times(2 ** Math.min(restart - 1, 30));
  return delay.compareTo(maxDelay) > 0 ? maxDelay : delay;
}

async function end(child: ChildProcess, grace: Duration): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), grace.toMillis());
  await gone;
  clearTimeout(timer);
}
