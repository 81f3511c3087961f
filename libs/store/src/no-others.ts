import type { Subscription } from '@orrery/core';

/** What listens for the tasks of others where nobody else can create any. */
export const NO_OTHERS: Subscription = { stop: async () => undefined };
