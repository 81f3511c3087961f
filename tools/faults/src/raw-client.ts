import { setTimeout as pause } from 'node:timers/promises';
import { taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { createChannel, createClient } from 'nice-grpc';
import { ClientError, Status } from 'nice-grpc-common';
import type { Work } from './work.ts';

/** Calls on bare stubs, one after the other and none repeated, and what came of each. */
export interface RawCalls {
  /** How often each status was seen, by its name. */
  readonly statuses: Readonly<Record<string, number>>;
  /** The longest that a call took, in milliseconds. */
  readonly slowestMillis: number;
  stop(): Promise<void>;
}

/** What becomes of the tasks that are created. */
export interface RawBooks {
  submitting(id: string): void;
  acknowledged(id: string): void;
}

const DEADLINE = Duration.ofSeconds(30);
const EVERY_MS = 50;

/** Creates a task every now and then without an SDK, so that every status is seen as the server sent it. */
export function startRawCalls(address: string, books: RawBooks, prefix = 'raw'): RawCalls {
  const channel = createChannel(address);
  const stub = createClient(taskv1.TaskServiceDefinition, channel);
  const statuses: Record<string, number> = {};
  const stopping = new AbortController();
  const calls = { statuses, slowestMillis: 0, stop };
  const ended = callOn();
  return calls;

  async function callOn(): Promise<void> {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      const id = `${prefix}-${n}`;
      books.submitting(id);
      const startedAt = performance.now();
      const status = await create(id);
      statuses[status] = (statuses[status] ?? 0) + 1;
      calls.slowestMillis = Math.max(calls.slowestMillis, performance.now() - startedAt);
      if (status === 'OK') books.acknowledged(id);
      await pause(EVERY_MS);
    }
  }

  async function create(id: string): Promise<string> {
    const data = new TextEncoder().encode(JSON.stringify({ ms: 0 } satisfies Work));
    const task = {
      ...taskv1.TaskSpec.decode(new Uint8Array()),
      id,
      type: 'work',
      params: { ...taskv1.Payload.decode(new Uint8Array()), data, contentType: 'application/json' },
    };
    try {
      const signal = AbortSignal.timeout(DEADLINE.toMillis());
      await stub.createTask({ namespace: '', task, requestId: '' }, { signal });
      return 'OK';
    } catch (error) {
      if (error instanceof ClientError) return Status[error.code];
      return error instanceof DOMException ? 'no answer in 30 s' : String(error);
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await ended;
    channel.close();
  }
}
