import { type EphemeralPostgres, startEphemeralPostgres } from '@orrery/testing';
import fc from 'fast-check';
import { Client } from 'pg';
import { arrayLiteral } from './array-literal.ts';

describe('an array literal', () => {
  let server: EphemeralPostgres;
  let sql: Client;

  beforeAll(async () => {
    server = await startEphemeralPostgres();
    sql = new Client({ connectionString: server.url });
    await sql.connect();
  });

  afterAll(async () => {
    await sql.end();
    await server.stop();
  });

  it.each([
    [[], '{}'],
    [['a', null, undefined, ''], '{"a",NULL,NULL,""}'],
    [['NULL', 'a,b', '{}', '"\\'], '{"NULL","a,b","{}","\\"\\\\"}'],
    [[1, -2.5, true, 3n], '{1,-2.5,true,3}'],
    [[new Uint8Array([0, 255]).subarray(1), Buffer.alloc(0)], '{"\\\\xff","\\\\x"}'],
  ])('of %p is %s', (elements, literal) => {
    expect(arrayLiteral(elements)).toBe(literal);
  });

  it('is read by PostgreSQL as what it was made of', async () => {
    const texts = fc.array(fc.option(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))));
    const bytes = fc.array(fc.option(fc.uint8Array()));
    await fc.assert(
      fc.asyncProperty(texts, bytes, async (text, byte) => {
        const { rows } = await sql.query<{ text: unknown; byte: (Buffer | null)[] }>(
          'select $1::text[] as text, $2::bytea[] as byte',
          [arrayLiteral(text), arrayLiteral(byte)],
        );
        expect(rows[0]?.text).toEqual(text);
        expect(rows[0]?.byte.map((each) => each && new Uint8Array(each))).toEqual(byte);
      }),
    );
  });
});
