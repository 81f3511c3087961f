export { createTask } from './create-task.ts';
export { type EnqueueDedup, type EnqueueOptions, type TaskQuery, taskQuery } from './task-query.ts';
export type { EntityManager, KyselyTransaction, PgClient, Transaction } from './transaction.ts';
