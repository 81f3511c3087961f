/** Why a handler is asked to stop. */
export type AbortWhy = 'cancelled' | 'timeout' | 'heartbeat_timeout' | 'lease_lost' | 'shutdown';

const MESSAGES: Readonly<Record<AbortWhy, string>> = {
  cancelled: 'the task was cancelled',
  timeout: 'the attempt ran longer than its run timeout',
  heartbeat_timeout: 'the handler gave no sign of life within its heartbeat timeout',
  lease_lost: 'the lease on the task was lost: somebody else may run it by now',
  shutdown: 'the worker is shutting down',
};

/** The reason of a handler's aborted signal. */
export class TaskAbortedError extends Error {
  override readonly name = 'TaskAbortedError';
  readonly why: AbortWhy;

  constructor(why: AbortWhy) {
    super(MESSAGES[why]);
    this.why = why;
  }
}
