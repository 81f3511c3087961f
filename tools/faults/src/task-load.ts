import { setTimeout as pause } from 'node:timers/promises';
import { type Client, type NewTask, OrreryError } from '@orrery/client';
import type { Ledger } from '@orrery/testing';
import { monotonicMillis } from './journal.ts';
import type { Random } from './random.ts';
import type { Work } from './work.ts';

/** What load is put on. */
export interface LoadOptions {
  readonly client: Client;
  readonly ledgers: readonly Ledger[];
  readonly random: Random;
  readonly signal: AbortSignal;
  /** The ids of the tasks begin so. */
  readonly prefix: string;
  readonly count: number;
  readonly perSecond: number;
  /** What the nth task is; default: short work, of which some fails once. */
  readonly task?: (n: number) => Omit<NewTask, 'id'>;
}

/** A load that is under way. */
export interface Load {
  /** Resolves when every task was acknowledged; rejects if one was refused, or the signal aborts. */
  readonly done: Promise<void>;
  /** By id: when the create call that was answered began and when it was answered, by `monotonicMillis`. */
  readonly acknowledged: ReadonlyMap<string, { readonly sentAt: number; readonly at: number }>;
}

const TICK_MS = 50;
const AGAIN_AFTER_MS = 200;

/** Creates tasks through the SDK at a steady pace; what is not acknowledged is tried again under the same id. */
export function startLoad(options: LoadOptions): Load {
  const { random } = options;
  const acknowledged = new Map<string, { sentAt: number; at: number }>();
  const task = options.task ?? (() => ({ type: 'work', params: shortWork(random), retry: QUICK_RETRY }));
  const done = submitAll();
  done.catch(() => undefined);
  return { done, acknowledged };

  async function submitAll(): Promise<void> {
    const startedAt = monotonicMillis();
    const submits: Promise<void>[] = [];
    while (submits.length < options.count) {
      options.signal.throwIfAborted();
      const owed = Math.ceil(((monotonicMillis() - startedAt) * options.perSecond) / 1_000);
      for (let n = submits.length; n < Math.min(owed, options.count); n += 1) {
        const submit = submitOne(`${options.prefix}-${n}`, task(n));
        submit.catch(() => undefined);
        submits.push(submit);
      }
      await pause(TICK_MS);
    }
    await Promise.all(submits);
  }

  async function submitOne(id: string, { type, params, ...rest }: Omit<NewTask, 'id'>): Promise<void> {
    for (const ledger of options.ledgers) ledger.submitting(id);
    for (;;) {
      options.signal.throwIfAborted();
      const sentAt = monotonicMillis();
      try {
        await options.client.tasks.create(type, params, { ...rest, id });
      } catch (error) {
        if (!(error instanceof OrreryError)) throw error;
        // An earlier call did get through.
        if (error.reason !== 'TASK_ALREADY_EXISTS') {
          if (!MAY_PASS.includes(error.code)) throw error;
          await pause(AGAIN_AFTER_MS);
          continue;
        }
      }
      acknowledged.set(id, { sentAt, at: monotonicMillis() });
      for (const ledger of options.ledgers) ledger.acknowledged(id);
      return;
    }
  }
}

const MAY_PASS: readonly string[] = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED'];

/** A retry that does not make a scenario long. */
export const QUICK_RETRY = { maxAttempts: 100, initialDelay: '200ms', maxDelay: '2s' } as const;

/** Work of up to a tenth of a second, of which some fails once. */
function shortWork(random: Random): Work {
  return { ms: Math.floor(random.next() * 100), failures: random.next() < 0.1 ? 1 : 0 };
}
