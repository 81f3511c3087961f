import type { Definition, DefinitionKind } from '@orrery/core';

/** A row of `definition` as every dialect's statements give it: instants in ms since 1970. */
export interface DefinitionRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
  readonly body: string;
  readonly active: boolean | number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** The definition that a row tells of. */
export function toDefinition(row: DefinitionRow): Definition {
  return {
    kind: row.kind as DefinitionKind,
    namespace: row.namespace,
    name: row.name,
    version: row.version,
    body: row.body,
    active: Boolean(row.active),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}
