import { Duration } from '@orrery/duration';
import type { Logger, Timers } from '@orrery/rpc';
import type { Dispatch } from './dispatch.ts';
import { ABORT_GRACE } from './run-attempt.ts';

/** How long a stopping worker waits for the server to answer for its last outcomes. */
const REPORT_DEADLINE = Duration.ofSeconds(10);

/**
 * Stops working in order: claims nothing more and hands back what was not started; lets handlers end, aborts those that take
 * longer than the timeout and hands their tasks back; waits until the server has heard of everything.
 */
export async function drain(
  dispatch: Dispatch,
  { shutdownTimeout, timers, logger }: { shutdownTimeout: Duration; timers: Timers; logger: Logger },
  hurry: AbortSignal,
): Promise<void> {
  dispatch.stopClaiming();
  if (!(await within(timers, shutdownTimeout, dispatch.whenNoneRuns(), hurry))) {
    logger.warn({ running: dispatch.running }, 'handlers still run, aborting them');
    dispatch.abortAll('shutdown');
    // An attempt is decided at the latest when its grace is over.
    await within(timers, ABORT_GRACE.times(2), dispatch.whenNoneRuns());
  }
  if (!(await within(timers, REPORT_DEADLINE, dispatch.whenReported()))) {
    logger.error({ unreported: dispatch.unreported }, 'the server did not answer for the last outcomes');
  }
  await dispatch.close();
}

/** Whether something happens within a while; being hurried ends the wait. */
function within(timers: Timers, limit: Duration, event: Promise<void>, hurry?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (happened: boolean) => {
      cancel();
      hurry?.removeEventListener('abort', onHurry);
      resolve(happened);
    };
    const onHurry = () => end(false);
    const cancel = timers.after(limit, () => end(false));
    hurry?.addEventListener('abort', onHurry, { once: true });
    if (hurry?.aborted) onHurry();
    void event.then(() => end(true));
  });
}
