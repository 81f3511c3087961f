import { createTask as create } from '@orrery/enqueue';

export * from '@orrery/enqueue';

/** `createTask` as snippets of the guides import it: its namespace is the spec's unless a snippet names another. */
export const createTask: typeof create = (on, type, params, options) =>
  create(on, type, params, { namespace: process.env['ORRERY_NAMESPACE'] ?? '', ...options });
