import type { dispatchv1 } from '@orrery/contracts';
import type { LeaseRef, TaskProgress } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Timers } from '@orrery/rpc';
import { toLeaseRef } from './outcome.ts';

/** How often reports are sent at most; the first one at once. */
const INTERVAL = Duration.ofMillis(500);

const MAX_PER_REQUEST = 1_000;
const MAX_MESSAGE = 1_000;

/** What a progress sender needs. */
export interface ProgressSenderOptions {
  readonly timers: Timers;
  /** Puts a request on the stream; false: there is none now. */
  readonly write: (request: dispatchv1.ReportProgressRequest) => boolean;
}

/** Brings what handlers say of themselves to the server: of each attempt the latest, all together, a few times a second. */
export class ProgressSender {
  readonly #options: ProgressSenderOptions;
  readonly #waiting = new Map<string, dispatchv1.ProgressReport>();
  #cancelPause: (() => void) | null = null;

  constructor(options: ProgressSenderOptions) {
    this.#options = options;
  }

  /** Says how far an attempt is; null: only that it is alive, which a report that still waits says too. */
  report(lease: LeaseRef, progress: TaskProgress | null): void {
    const known = this.#waiting.get(lease.taskId);
    if (!progress && known?.lease?.leaseToken === lease.token) return;
    const report = {
      lease: toLeaseRef(lease),
      percent: progress?.percent ?? undefined,
      message: progress?.message ?? '',
    };
    this.#waiting.set(lease.taskId, report);
    if (!this.#cancelPause) this.#flush();
  }

  /** An attempt is about to be reported as ended: what it said last goes out before. */
  ended(lease: LeaseRef): void {
    if (this.#waiting.has(lease.taskId)) this.#flush();
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
    this.#waiting.clear();
  }

  /** What cannot be sent now waits for the next time. */
  #flush(): void {
    const { timers, write } = this.#options;
    const reports = [...this.#waiting.values()];
    for (let from = 0; from < reports.length; from += MAX_PER_REQUEST) {
      const some = reports.slice(from, from + MAX_PER_REQUEST);
      // The namespace is the hello's.
      if (!write({ namespace: '', reports: some, leaseDuration: undefined })) break;
      for (const { lease } of some) this.#waiting.delete(lease?.taskId ?? '');
    }
    this.#cancelPause?.();
    this.#cancelPause = timers.after(INTERVAL, () => {
      this.#cancelPause = null;
      if (this.#waiting.size > 0) this.#flush();
    });
  }
}

/** Reads what a handler says of itself; throws a RangeError for what cannot be. */
export function readProgress(percent: number | null, message = ''): TaskProgress {
  if (percent !== null && !(percent >= 0 && percent <= 100)) throw new RangeError(`${percent} % is not from 0 to 100`);
  if (message.length > MAX_MESSAGE) throw new RangeError(`the message is longer than ${MAX_MESSAGE} characters`);
  return { percent: percent === null ? null : Math.floor(percent), message: message.replaceAll('\0', '') };
}
