import type { Definition, DefinitionKey, DefinitionStore, PutDefinition } from '@orrery/core';
import { toDefinition, type DefinitionRow } from '../definition-row.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const GET = 'SELECT * FROM definition WHERE kind = ? AND namespace = ? AND name = ? AND version = ?';
const PUT = `
  INSERT INTO definition (kind, namespace, name, version, body, active, created_at, updated_at)
  VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6)
  ON CONFLICT DO UPDATE SET body = excluded.body, active = 1, updated_at = excluded.updated_at
  RETURNING *`;
const SET_ACTIVE = `
  UPDATE definition SET updated_at = iif(active = ?5, updated_at, ?6), active = ?5
  WHERE kind = ?1 AND namespace = ?2 AND name = ?3 AND version = ?4
  RETURNING *`;
const LIST = `
  SELECT * FROM definition
  WHERE kind = ?1 AND (?2 IS NULL OR namespace = ?2) AND (active OR NOT ?3) AND (namespace, name, version) > (?4, ?5, ?6)
  ORDER BY namespace, name, version LIMIT ?7`;
const CHANGED = 'SELECT * FROM definition WHERE updated_at >= ?';

/** Task types and namespaces in SQLite. */
export class SqliteDefinitions implements DefinitionStore {
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;

  constructor(tx: SqliteTransaction, group: GroupCommit) {
    this.#tx = tx;
    this.#group = group;
  }

  put({ body, ...key }: DefinitionKey & { readonly body: string }): Promise<PutDefinition> {
    return this.#group.run(() => {
      const before = this.#find(key);
      if (before?.body === body && before.active) return { definition: before, outcome: 'UNCHANGED' };
      const values = [...valuesOf(key), body, this.#tx.now.getTime()];
      const [row] = this.#tx.db.all<DefinitionRow>(PUT, ...values) as [DefinitionRow];
      return { definition: toDefinition(row), outcome: before ? 'UPDATED' : 'CREATED' };
    });
  }

  setActive(key: DefinitionKey, active: boolean): Promise<Definition | null> {
    return this.#group.run(() => {
      const values = [...valuesOf(key), active ? 1 : 0, this.#tx.now.getTime()];
      const [row] = this.#tx.db.all<DefinitionRow>(SET_ACTIVE, ...values);
      return row ? toDefinition(row) : null;
    });
  }

  async get(key: DefinitionKey): Promise<Definition | null> {
    return this.#find(key) ?? null;
  }

  async list(query: Parameters<DefinitionStore['list']>[0]): Promise<readonly Definition[]> {
    const { kind, namespace = null, activeOnly, after, limit } = query;
    const place = [after?.namespace ?? '', after?.name ?? '', after?.version ?? -1];
    return this.#tx.db.all<DefinitionRow>(LIST, kind, namespace, activeOnly ? 1 : 0, ...place, limit).map(toDefinition);
  }

  async changedSince(time: Date): Promise<readonly Definition[]> {
    return this.#tx.db.all<DefinitionRow>(CHANGED, time.getTime()).map(toDefinition);
  }

  #find(key: DefinitionKey): Definition | undefined {
    const row = this.#tx.db.get<DefinitionRow>(GET, ...valuesOf(key));
    return row && toDefinition(row);
  }
}

function valuesOf({ kind, namespace, name, version }: DefinitionKey): (string | number)[] {
  return [kind, namespace, name, version];
}
