import { type BatchObservableResult, metrics, type Observable, ValueType } from '@opentelemetry/api';
import type { QueueStats, TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Logger } from '@orrery/service';
import type { Telemetry } from './start-telemetry.ts';

/** How much waits to be published. */
export interface OutboxLag {
  readonly batches: number;
  readonly oldestAge: Duration | null;
}

/** What is looked at. */
export interface BacklogOptions {
  readonly tasks: Pick<TaskStore, 'stats'>;
  /** How much of the event log waits; null, or without it: nothing is said of it. */
  readonly outboxLag?: () => Promise<OutboxLag | null>;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  /** For how long figures are good: the store is looked at no more often. Default 15 s. */
  readonly maxAge?: Duration;
}

interface Figures {
  readonly queues: readonly QueueStats[];
  readonly outbox: OutboxLag | null;
}

/** Reports, whenever metrics are read, how much there is to do and for how long it has waited. The returned function ends it. */
export function reportBacklog(options: BacklogOptions): () => void {
  if (!options.telemetry.metrics) return () => {};
  const meter = metrics.getMeter('@orrery/telemetry');
  const gauge = (name: string, unit: string, description: string, valueType: ValueType) =>
    meter.createObservableGauge(name, { unit, description, valueType });
  const depth = gauge('orrery.queue.depth', '{task}', 'Live tasks of a queue in a state.', ValueType.INT);
  const age = gauge('orrery.queue.oldest_ready', 's', 'For how long the first ready task is due.', ValueType.DOUBLE);
  const batches = gauge('orrery.outbox.batches', '{batch}', 'Batches of events to be published.', ValueType.INT);
  const lag = gauge('orrery.outbox.lag', 's', 'How old the first batch to be published is.', ValueType.DOUBLE);
  const look = cached(options);
  const withDrained = drainedQueues();
  const observables: Observable[] = [depth, age, batches, lag];
  const observe = async (result: BatchObservableResult) => {
    const figures = await look();
    for (const queue of withDrained(figures?.queues ?? [])) {
      const of = { 'orrery.namespace': queue.namespace, 'messaging.destination.name': queue.queue };
      for (const state of ['ready', 'scheduled', 'running'] as const)
        result.observe(depth, queue[state], { ...of, 'orrery.state': state });
      result.observe(age, queue.oldestReadyFor?.toSeconds() ?? 0, of);
    }
    if (!figures?.outbox) return;
    result.observe(batches, figures.outbox.batches);
    result.observe(lag, figures.outbox.oldestAge?.toSeconds() ?? 0);
  };
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}

/** Adds the queues that had tasks before and have none now: a gauge that is not observed keeps its last value for good. */
function drainedQueues(): (queues: readonly QueueStats[]) => readonly QueueStats[] {
  const seen = new Map<string, QueueStats>();
  return (queues) => {
    const all = new Map(seen);
    for (const queue of queues) {
      const name = `${queue.namespace} ${queue.queue}`;
      seen.set(name, { ...queue, ready: 0, scheduled: 0, running: 0, oldestReadyFor: null });
      all.set(name, queue);
    }
    return [...all.values()];
  };
}

/** Looks at the store, but not more often than figures get old: several readers may ask. Null: it could not be reached. */
function cached({ tasks, outboxLag, logger, maxAge = Duration.ofSeconds(15) }: BacklogOptions) {
  let lookedAt = -Infinity;
  let figures: Promise<Figures | null> = Promise.resolve(null);
  const read = async (): Promise<Figures> => {
    const [queues, outbox] = await Promise.all([tasks.stats(), outboxLag?.() ?? null]);
    return { queues, outbox };
  };
  return () => {
    const now = performance.now();
    if (now - lookedAt < maxAge.toMillis()) return figures;
    lookedAt = now;
    figures = read().catch((error: unknown) => {
      logger.warn('the backlog cannot be counted', { error });
      return null;
    });
    return figures;
  };
}
