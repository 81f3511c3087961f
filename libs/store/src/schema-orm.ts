import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type AbstractSqlDriver, type Options } from '@mikro-orm/sql';
import type { Dialect } from './dialect.ts';
import { entities } from './entities/entities.ts';
import { migrations } from './migrations/migrations.ts';

/**
 * MikroORM with the entities and the migrations of a dialect: what makes the schema. Statements do not go through it.
 * The caller gives the driver and where to connect, runs `orm.migrator.up()`, and closes it.
 */
export function schemaOrm<D extends AbstractSqlDriver>(dialect: Dialect, connection: Options<D>): MikroORM<D> {
  return new MikroORM<D>({
    ...connection,
    entities: entities(dialect),
    logger: () => undefined,
    extensions: [Migrator],
    // The functions are in the migrations only.
    schemaGenerator: { ignoreRoutines: true },
    migrations: { migrationsList: migrations(dialect), tableName: 'schema_migration', snapshot: false },
  });
}
