import type { Definition, DefinitionKey, DefinitionStore, PutDefinition } from '@orrery/core';
import { toDefinition, type DefinitionRow } from '../definition-row.ts';
import type { Database } from './database.ts';
import { fromMillis, NOW, statement } from './statement.ts';

const KEY = 'kind = $1 and namespace = $2 and name = $3 and version = $4';

const GET = statement('get_definition', `select * from definition where ${KEY}`);

/** Answers with nothing if there is nothing to change. A row that was added has no `xmax`. */
const PUT = statement(
  'put_definition',
  `insert into definition (kind, namespace, name, version, body, active, created_at, updated_at)
  values ($2, $3, $4, $5, $6, true, ${NOW}, ${NOW})
  on conflict (kind, namespace, name, version) do update
    set body = excluded.body, active = true, updated_at = excluded.updated_at
    where definition.body <> excluded.body or not definition.active
  returning *, xmax = 0 as is_new`,
);

const SET_ACTIVE = statement(
  'activate_definition',
  `update definition set active = $6, updated_at = case when active = $6 then updated_at else ${NOW} end
  where kind = $2 and namespace = $3 and name = $4 and version = $5
  returning *`,
);

const LIST = statement(
  'list_definitions',
  `select * from definition
  where kind = $1 and ($2::text is null or namespace = $2) and (active or not $3)
    and (namespace, name, version) > ($4, $5, $6::int)
  order by namespace, name, version limit $7`,
);

const CHANGED = statement(
  'list_changed_definitions',
  `select * from definition where updated_at >= ${fromMillis('$1::bigint')}`,
);

/** Task types and namespaces in PostgreSQL. */
export class PostgresDefinitions implements DefinitionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async put({ body, ...key }: DefinitionKey & { readonly body: string }): Promise<PutDefinition> {
    const values = [this.#database.now(), ...valuesOf(key), body];
    const [row] = await this.#database.query<DefinitionRow & { readonly is_new: boolean }>(PUT, values);
    if (row) return { definition: toDefinition(row), outcome: row.is_new ? 'CREATED' : 'UPDATED' };
    const definition = await this.get(key);
    // Nothing is ever deleted.
    if (!definition) throw new Error(`the definition "${key.name}" has gone`);
    return { definition, outcome: 'UNCHANGED' };
  }

  async setActive(key: DefinitionKey, active: boolean): Promise<Definition | null> {
    const values = [this.#database.now(), ...valuesOf(key), active];
    const [row] = await this.#database.query<DefinitionRow>(SET_ACTIVE, values);
    return row ? toDefinition(row) : null;
  }

  async get(key: DefinitionKey): Promise<Definition | null> {
    const [row] = await this.#database.query<DefinitionRow>(GET, valuesOf(key));
    return row ? toDefinition(row) : null;
  }

  async list(query: Parameters<DefinitionStore['list']>[0]): Promise<readonly Definition[]> {
    const { kind, namespace = null, activeOnly, after, limit } = query;
    const place = [after?.namespace ?? '', after?.name ?? '', after?.version ?? -1];
    const rows = await this.#database.query<DefinitionRow>(LIST, [kind, namespace, activeOnly, ...place, limit]);
    return rows.map(toDefinition);
  }

  async changedSince(time: Date): Promise<readonly Definition[]> {
    const rows = await this.#database.query<DefinitionRow>(CHANGED, [time.getTime()]);
    return rows.map(toDefinition);
  }
}

function valuesOf({ kind, namespace, name, version }: DefinitionKey): readonly unknown[] {
  return [kind, namespace, name, version];
}
