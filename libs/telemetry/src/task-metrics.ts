import { type Attributes, type Counter, type Histogram, metrics, ValueType } from '@opentelemetry/api';
import type { TaskFacts } from './attempts.ts';

/** Bounds in seconds for what takes from milliseconds to hours. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];

/** What is counted of tasks. */
const COUNTERS = {
  created: ['orrery.task.created', '{task}', 'Tasks that were created.'],
  succeeded: ['orrery.task.succeeded', '{task}', 'Tasks that ended as SUCCEEDED.'],
  failed: ['orrery.task.failed', '{task}', 'Tasks that ended as FAILED: the dead letters.'],
  cancelled: ['orrery.task.cancelled', '{task}', 'Tasks that ended as CANCELLED.'],
  redriven: ['orrery.task.redriven', '{task}', 'Tasks that were set PENDING again after they had failed.'],
  started: ['orrery.attempt.started', '{attempt}', 'Attempts that began.'],
  retried: ['orrery.attempt.retried', '{attempt}', 'Attempts that failed and are followed by another.'],
  released: ['orrery.attempt.released', '{attempt}', 'Attempts that were handed back unfinished.'],
  rescued: ['orrery.attempt.rescued', '{attempt}', 'Attempts that were taken back from workers that fell silent.'],
  stale: ['orrery.attempt.stale', '{attempt}', 'Outcomes that were refused because the lease had been lost.'],
} as const;

/** What is measured of tasks, in seconds. */
const HISTOGRAMS = {
  queueTime: ['orrery.task.queue_time', 'From when a task was due to when an attempt began.'],
  attempt: ['orrery.attempt.duration', 'From when an attempt began to when its outcome was stored.'],
  task: ['orrery.task.duration', 'From when a task was created to when it ended.'],
} as const;

/** Something that is counted. */
export type Count = keyof typeof COUNTERS;

/** Something that is measured. */
export type Measure = keyof typeof HISTOGRAMS;

/** The metrics of what happens to tasks, by namespace, queue and type; a batch is counted with one addition for each of those. */
export class TaskMetrics {
  readonly #counters: Record<Count, Counter>;
  readonly #histograms: Record<Measure, Histogram>;

  constructor() {
    const meter = metrics.getMeter('@orrery/telemetry');
    this.#counters = mapValues(COUNTERS, ([name, unit, description]) =>
      meter.createCounter(name, { unit, description, valueType: ValueType.INT }),
    );
    this.#histograms = mapValues(HISTOGRAMS, ([name, description]) =>
      meter.createHistogram(name, {
        unit: 's',
        description,
        valueType: ValueType.DOUBLE,
        advice: { explicitBucketBoundaries: BOUNDS },
      }),
    );
  }

  /** Counts tasks to which the same has happened. */
  count(what: Count, tasks: readonly TaskFacts[]): void {
    for (const group of Map.groupBy(tasks, kindOf).values()) {
      const [first] = group;
      if (first) this.#counters[what].add(group.length, attributesOf(first));
    }
  }

  /** Counts what is known by its namespace only. */
  countIn(what: Count, namespace: string, count: number): void {
    if (count > 0) this.#counters[what].add(count, { 'orrery.namespace': namespace });
  }

  /** Notes how long something took, in milliseconds; an outcome is a status, or RETRIED or RELEASED. */
  measure(what: Measure, task: TaskFacts, millis: number, outcome?: string): void {
    const attributes = outcome ? { ...attributesOf(task), 'orrery.outcome': outcome } : attributesOf(task);
    this.#histograms[what].record(Math.max(0, millis) / 1000, attributes);
  }
}

function kindOf({ namespace, queue, type }: TaskFacts): string {
  return `${namespace} ${queue} ${type}`;
}

function attributesOf({ namespace, queue, type }: TaskFacts): Attributes {
  return { 'orrery.namespace': namespace, 'messaging.destination.name': queue, 'orrery.task.type': type };
}

function mapValues<K extends string, V, W>(record: Readonly<Record<K, V>>, map: (value: V) => W): Record<K, W> {
  const entries = Object.entries<V>(record).map(([key, value]) => [key, map(value)]);
  return Object.fromEntries(entries) as Record<K, W>;
}
