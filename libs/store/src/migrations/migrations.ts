import type { MigrationObject } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { Dialect } from '../dialect.ts';
import { MIGRATIONS } from './steps.ts';

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
