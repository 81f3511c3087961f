import type { MigrationObject } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { Dialect } from '../dialect.ts';
import { initial } from './initial.ts';

/** What has made the schema, oldest first. Released ones never change; a new one is added instead. */
const MIGRATIONS: Readonly<Record<string, (dialect: Dialect) => readonly string[]>> = {
  '0001-initial': initial,
};

/** The migrations in the form that MikroORM's migrator takes. */
export function migrations(dialect: Dialect): MigrationObject[] {
  return Object.entries(MIGRATIONS).map(([name, statements]) => ({
    name,
    class: class extends Migration {
      override up(): void {
        for (const statement of statements(dialect)) this.addSql(statement);
      }
    },
  }));
}
