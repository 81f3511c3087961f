import { constants } from 'node:os';
import { isAbort } from './is-abort.ts';
import { ConfigError } from './read-env.ts';
import { createLogger, type Logger } from './logger.ts';

type StopSignal = 'SIGTERM' | 'SIGINT';

/** Something that was started and can be stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Runs a process from start to stop. SIGTERM or SIGINT stops it and it exits with 0; its start is told by the signal it is given. A
 * second one exits at once with 143 or 130. Whatever is not caught is logged and exits with 1.
 */
export async function runProcess(
  name: string,
  start: (signal: AbortSignal) => Promise<Stoppable>,
  logger: Logger = createLogger({ level: 'info', format: 'auto' }),
): Promise<void> {
  const stopping = new AbortController();
  const stopRequested = new Promise<void>((resolve) => {
    const onSignal = (signal: StopSignal): void => {
      if (stopping.signal.aborted) process.exit(128 + constants.signals[signal]);
      logger.info('asked to stop', { process: name, signal });
      stopping.abort();
      resolve();
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
  process.on('uncaughtException', fail).on('unhandledRejection', fail);

  try {
    const running = await start(stopping.signal);
    await stopRequested;
    await running.stop();
  } catch (error) {
    if (!(stopping.signal.aborted && isAbort(error))) fail(error);
  }
  process.exit(0);

  function fail(error: unknown): never {
    // Whoever configures the process needs the problems, not our stack.
    if (error instanceof ConfigError) logger.error(error.message, { process: name });
    else logger.error('fatal', { process: name, error });
    process.exit(1);
  }
}
