import type { Dialect } from '../dialect.ts';

/** Task types and namespaces. */
export function definition(dialect: Dialect): readonly string[] {
  const postgres = dialect === 'postgresql';
  const name = postgres ? 'text collate "C"' : 'text';
  const instant = postgres ? 'timestamptz(3)' : 'integer';
  return [
    `create table definition (
    kind ${name} not null,
    namespace ${name} not null,
    name ${name} not null,
    version integer not null,
    body text not null,
    active ${postgres ? 'boolean' : 'integer'} not null,
    created_at ${instant} not null,
    updated_at ${instant} not null,
    primary key (kind, namespace, name, version))`,
    `create index definition_change on definition (updated_at)`,
  ];
}
