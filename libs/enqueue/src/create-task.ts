import { traceCreation } from '@orrery/rpc';
import { type EnqueueOptions, taskQuery } from './task-query.ts';
import { runIn, type Transaction } from './transaction.ts';

/**
 * Creates a task in a transaction of the application's own and returns its id. The task exists if and when the transaction commits,
 * and is claimed at once. `schema` is where Orrery's tables are, if not on the search path. Throws a TypeError outside of a
 * transaction, PayloadError, RangeError or InvalidDurationError for what cannot be, and what the driver throws.
 */
export async function createTask(
  on: Transaction,
  type: string,
  params?: unknown,
  options: EnqueueOptions & { readonly schema?: string } = {},
): Promise<string> {
  const { queue, correlationId } = options;
  const origin = { traceparent: options.traceparent };
  const { id } = await traceCreation({ type, queue, correlationId, count: 1 }, origin, async (traceparent) => {
    const row = await runIn(on, taskQuery(type, params, { ...options, traceparent }));
    return row as { readonly id: string };
  });
  return id;
}
