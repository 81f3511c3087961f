import type { CreationQuota } from './creation-quota.ts';

/** How much may be created in a namespace. */
export interface NamespaceQuotas extends CreationQuota {
  /** The largest params of a task, in bytes; null: whatever the service accepts. */
  readonly maxPayloadBytes: number | null;
}

/** What holds for everything in a namespace. One need not be set to be used: nothing is limited then. */
export interface Namespace {
  readonly name: string;
  readonly description: string;
  /** Whether tasks must be of a type that is registered. */
  readonly strict: boolean;
  /** Whether it takes no new tasks and schedules; what exists goes on. */
  readonly closed: boolean;
  readonly quotas: NamespaceQuotas;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
