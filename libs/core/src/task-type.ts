import type { Duration } from '@orrery/duration';
import type { DedupWindow } from './dedup.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { Labels } from './task.ts';

/** What holds for the tasks of a type that do not say otherwise. */
export interface TaskTypeDefaults {
  readonly queue?: string;
  readonly priority?: number;
  readonly retryPolicy?: RetryPolicy;
  readonly runTimeout?: Duration;
  /** How long they are kept after they have ended. */
  readonly retention?: Duration;
  readonly labels?: Labels;
  /** Tasks with the same params are duplicates, for as long as this. */
  readonly dedup?: DedupWindow;
}

/** A kind of work, in one version. */
export interface TaskType {
  readonly namespace: string;
  readonly name: string;
  /** From 1. */
  readonly version: number;
  readonly description: string;
  /** The JSON Schema that params must satisfy, as JSON text; empty: they are not looked at. */
  readonly paramSchema: string;
  readonly defaults: TaskTypeDefaults;
  /** Whether tasks of it may be created. */
  readonly active: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The version that a task is made for that names none: the newest active one; undefined: none is active. */
export function newestActive(versions: Iterable<TaskType>): TaskType | undefined {
  let newest: TaskType | undefined;
  for (const type of versions) if (type.active && type.version > (newest?.version ?? 0)) newest = type;
  return newest;
}
