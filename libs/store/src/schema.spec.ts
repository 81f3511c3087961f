import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { NodeSqliteDialect, SqliteDriver, type MikroORM } from '@mikro-orm/sql';
import { startEphemeralPostgres } from '@orrery/testing';
import { migratePostgres } from './postgres/migrate-postgres.ts';
import { schemaOrm } from './schema-orm.ts';

async function expectNoDifference(orm: MikroORM): Promise<void> {
  try {
    await orm.migrator.up();
    expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe('');
    expect(await orm.migrator.getPending()).toEqual([]);
  } finally {
    await orm.close(true);
  }
}

describe('the migrations make exactly what the entities describe', () => {
  test('on SQLite', async () => {
    await expectNoDifference(
      schemaOrm('sqlite', {
        driver: SqliteDriver,
        dbName: ':memory:',
        driverOptions: new NodeSqliteDialect(':memory:'),
      }),
    );
  });

  test('on PostgreSQL, even if several processes migrate at once', async () => {
    const server = await startEphemeralPostgres();
    try {
      const clientUrl = await server.createDatabase();
      await Promise.all([1, 2, 3].map(() => migratePostgres(clientUrl)));
      await expectNoDifference(schemaOrm('postgresql', { driver: PostgreSqlDriver, clientUrl }));
    } finally {
      await server.stop();
    }
  });
});
