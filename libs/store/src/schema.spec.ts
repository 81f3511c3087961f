import { NodeSqliteDialect, SqliteDriver } from '@mikro-orm/sql';
import { schemaOrm } from './schema-orm.ts';

test('on SQLite the migrations make exactly what the entities describe', async () => {
  const orm = schemaOrm('sqlite', {
    driver: SqliteDriver,
    dbName: ':memory:',
    driverOptions: new NodeSqliteDialect(':memory:'),
  });
  try {
    await orm.migrator.up();
    expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe('');
    expect(await orm.migrator.getPending()).toEqual([]);
  } finally {
    await orm.close(true);
  }
});
