import type { Duration } from '@orrery/duration';

/** How long a task holds its dedup key: until it has ended, for ever, or for a time from its creation. */
export type DedupWindow = 'WHILE_ACTIVE' | 'FOREVER' | Duration;

/** Who holds a dedup key, and for how long. */
export interface DedupHold {
  readonly taskId: string;
  readonly window: 'WHILE_ACTIVE' | 'FOREVER' | 'UNTIL';
  /** With UNTIL: the key is free from then on. */
  readonly expiresAt: Date | null;
}

/** What a task that is created now holds of its key. */
export function holdKey(taskId: string, window: DedupWindow, now: Date): DedupHold {
  if (typeof window === 'string') return { taskId, window, expiresAt: null };
  return { taskId, window: 'UNTIL', expiresAt: window.addTo(now) };
}

/** Whether a key is held, so that its holder stands for what would be created. `isLive`: the holder has not ended. */
export function isKeyHeld(hold: DedupHold, isLive: boolean, now: Date): boolean {
  switch (hold.window) {
    case 'FOREVER':
      return true;
    case 'WHILE_ACTIVE':
      return isLive;
    case 'UNTIL':
      return hold.expiresAt !== null && hold.expiresAt > now;
  }
}

/**
 * Whether a task may be redriven that has this key. While a task is active its key is its alone, so one whose key went to another
 * task for as long as that is active has to wait for it.
 */
export function mayRedrive(taskId: string, hold: DedupHold | undefined, isLive: boolean): boolean {
  return hold === undefined || hold.taskId === taskId || hold.window !== 'WHILE_ACTIVE' || !isLive;
}

/** Whether a task that is redriven takes its key back: its last holder held it only while it was active, and no longer is. */
export function takesKeyBack(taskId: string, hold: DedupHold | undefined): boolean {
  return hold !== undefined && hold.taskId !== taskId && hold.window === 'WHILE_ACTIVE';
}
