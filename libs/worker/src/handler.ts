import type { LeasedTask } from '@orrery/contracts';
import type { DurationInput } from '@orrery/duration';
import type { Logger } from '@orrery/rpc';

/** What a handler knows of its task. */
export type HandledTask = LeasedTask;

/** What a handler is given beside its params. */
export interface TaskContext {
  readonly task: HandledTask;
  /** Aborted with a TaskAbortedError when the work is no longer wanted; its `why` says why not. */
  readonly signal: AbortSignal;
  /** Names the task on every line. */
  readonly logger: Logger;
  /**
   * Says how far the work is, 0 to 100 (null: not to be said in numbers), and in words, at most 1,000 characters. Call it as often as you
   * like: what is said within half a second is told once. Throws a RangeError for what cannot be. Counts as a heartbeat.
   */
  readonly progress: (percent: number | null, message?: string) => void;
  /** Says that the handler is alive, for tasks with a heartbeat timeout; without one it does nothing. */
  readonly heartbeat: () => void;
}

/**
 * Runs one attempt. What it returns is the task's result: any JSON value, nothing, or a Payload. What it throws is why the
 * attempt failed; a TaskError is kept as it is, anything else is classified by what it is.
 */
export type TaskHandler<P = unknown, R = unknown> = (params: P, context: TaskContext) => R | Promise<R>;

/** How a handler is called. */
export interface HandlerOptions {
  /** True: params are the Payload as it was sent. Default: decoded, if they are JSON. */
  readonly raw?: boolean;
  /** How long an attempt may run if the task does not say. Default: no limit. */
  readonly runTimeout?: DurationInput;
}
