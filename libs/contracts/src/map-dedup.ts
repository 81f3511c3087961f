import type { DedupWindow } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { DedupWindow as Window } from './generated/orrery/task/v1/task.ts';
import { invalidField } from './invalid-field.ts';
import { durationFromProto, durationToProto } from './map-time.ts';
import type * as taskv1 from './task-v1.ts';

const MAX_KEY_CHARACTERS = 255;
const MIN_DURATION = Duration.ofMillis(1);
const MAX_DURATION = Duration.of({ days: 3650 });

/** By what duplicates of a task are known, and for how long. */
export interface Dedup {
  /** Empty: the hash of the task's type and params. */
  readonly key: string;
  readonly window: DedupWindow;
}

/** Deduplication as the wire carries it. */
export function dedupToProto({ key, window }: Dedup): taskv1.Dedup {
  if (typeof window === 'string') return { key, window: Window[window], duration: undefined };
  return { key, window: Window.DURATION, duration: durationToProto(window) };
}

/** Reads deduplication; null: none. Refuses with INVALID_FIELD a key that is too long and a window that is none. */
export function dedupFromProto(dedup: taskv1.Dedup, field: string): Dedup | null {
  const { key } = dedup;
  if (key.length > MAX_KEY_CHARACTERS)
    throw invalidField(`${field}.key`, `is longer than ${MAX_KEY_CHARACTERS} characters`);
  if (key.includes('\0')) throw invalidField(`${field}.key`, 'must not hold a NUL character');
  const window = windowFromProto(dedup, field);
  return window && { key, window };
}

function windowFromProto({ window, duration }: taskv1.Dedup, field: string): DedupWindow | null {
  const isTimed = window === Window.DURATION || (window === Window.UNSPECIFIED && duration !== undefined);
  if (isTimed) return durationOf(duration, `${field}.duration`);
  if (duration !== undefined) throw invalidField(`${field}.duration`, 'goes with the window DURATION only');
  switch (window) {
    case Window.UNSPECIFIED:
    case Window.WHILE_ACTIVE:
      return 'WHILE_ACTIVE';
    case Window.FOREVER:
      return 'FOREVER';
    case Window.NONE:
      return null;
    default:
      throw invalidField(`${field}.window`, `${window} is not a dedup window`);
  }
}

function durationOf(duration: taskv1.Dedup['duration'], field: string): Duration {
  const read = durationFromProto(duration, field);
  if (read === null) throw invalidField(field, 'is required');
  if (read.compareTo(MIN_DURATION) >= 0 && read.compareTo(MAX_DURATION) <= 0) return read;
  throw invalidField(field, `must be from ${MIN_DURATION.toString()} to ${MAX_DURATION.toString()}`);
}
