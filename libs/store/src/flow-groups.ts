import type { ClaimTasks, FlowPlace } from '@orrery/core';

/** Where a walk over the keys and types of ready tasks begins. */
export const FIRST_GROUP: Pick<FlowPlace, 'flowKey' | 'type'> = { flowKey: '', type: '' };

/** No type comes after this one: a walk from a key and it begins with the next key. */
export const LAST_TYPE = '\u{10FFFF}';

/** The most keys and types that a claim walks over in one queue to find some that are not at their limits. */
export const MAX_GROUPS = 20_000;

/** How many keys and types a claim looks at: priorities are compared among them, and the next claim looks at those that follow. */
export function groupsWanted({ slots }: ClaimTasks): number {
  return Math.max(100, 2 * slots.length);
}
