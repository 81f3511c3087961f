import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { badInputSuite } from './bad-input/bad-input-suite.ts';
import { type Books, sqliteBooks } from './bad-input/books.ts';
import { startServer } from './bad-input/server-under-test.ts';

describe('bad input to a server on a SQLite file', () => {
  badInputSuite(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-bad-input-'));
    const open = async (): Promise<Books> => sqliteBooks(join(folder, 'orrery.db'));
    return startServer({ ORRERY_DATA_DIR: folder }, open, async () => rmSync(folder, { recursive: true }));
  });
});
