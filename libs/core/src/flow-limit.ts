import type { Duration } from '@orrery/duration';
import { matchesTypes } from './claim-order.ts';

/** Where a task is in respect of flow control. */
export interface FlowPlace {
  readonly queue: string;
  readonly type: string;
  /** Empty: the task has no key. */
  readonly flowKey: string;
}

/** How much may run, or begin, at the same time. All limits that cover a task hold for it. */
export interface FlowLimit {
  readonly namespace: string;
  /** Names the limit within its namespace. */
  readonly name: string;
  /** Empty: every queue. */
  readonly queue: string;
  /** Empty: every type. A name that ends in ".*" stands for every type below it. */
  readonly type: string;
  /** Whether each key has the limit to itself; tasks without a key are then not limited. Otherwise all that it covers share it. */
  readonly perKey: boolean;
  /** How many tasks may run at the same time; null: any number. */
  readonly maxRunning: number | null;
  /** How many attempts may begin in the course of time; null: any number. */
  readonly rate: FlowRate | null;
}

/** So many attempts in each period, and at once no more than the burst. */
export interface FlowRate {
  readonly count: number;
  readonly period: Duration;
  /** How many may begin at once after a quiet time. */
  readonly burst: number;
}

/** How far the rate of a limit, or of one key of it, has been used: a limit that was not used for long has no use. */
export interface RateUse {
  readonly limit: string;
  /** The key, if the limit is per key. */
  readonly flowKey: string;
  /** When all of the burst is there again, in ms since 1970, fractions included. */
  readonly fullAt: number;
}

/** Whether a limit holds for a task. */
export function coversTask(limit: FlowLimit, { queue, type, flowKey }: FlowPlace): boolean {
  if (limit.perKey && flowKey === '') return false;
  return (limit.queue === '' || limit.queue === queue) && (limit.type === '' || matchesTypes([limit.type], type));
}

/** Whether a limit can hold for anything in these queues. */
export function concernsQueues(limit: FlowLimit, queues: readonly string[]): boolean {
  return limit.queue === '' || queues.includes(limit.queue);
}

/** How many attempts a rate lets begin now. */
export function openRate(rate: FlowRate, fullAt: number, now: Date): number {
  const used = Math.max(0, fullAt - now.getTime()) / millisEach(rate);
  // What is a whole number but for the error of floating point counts as one.
  return Math.max(0, Math.floor(rate.burst - used + 1e-6));
}

/** The use of a rate after so many further attempts. */
export function useRate(rate: FlowRate, fullAt: number, count: number, now: Date): number {
  return Math.max(fullAt, now.getTime()) + count * millisEach(rate);
}

/** How many ms from now a rate lets so many more attempts begin at once; 0: it does now. */
export function millisToOpen(rate: FlowRate, fullAt: number, now: Date, count = 1): number {
  if (openRate(rate, fullAt, now) >= count) return 0;
  return Math.ceil(fullAt - now.getTime() - (rate.burst - count) * millisEach(rate));
}

function millisEach({ count, period }: FlowRate): number {
  return period.toMillis() / count;
}
