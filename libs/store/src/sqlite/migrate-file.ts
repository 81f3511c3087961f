import { StorageError } from '@orrery/core';

/** Brings a data file's schema up to date, over a connection of its own. */
export async function migrateFile(path: string): Promise<void> {
  // Loaded here, because nothing else needs MikroORM at run time and it costs the better part of a second.
  const [{ NodeSqliteDialect, SqliteDriver }, { schemaOrm }] = await Promise.all([
    import('@mikro-orm/sql'),
    import('../schema-orm.ts'),
  ]);
  const orm = schemaOrm('sqlite', {
    driver: SqliteDriver,
    dbName: path,
    driverOptions: new NodeSqliteDialect(path),
  });
  try {
    await orm.migrator.up();
  } catch (error) {
    throw new StorageError(`the schema of "${path}" cannot be brought up to date`, { cause: error, transient: false });
  } finally {
    await orm.close(true);
  }
}
