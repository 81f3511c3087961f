import type { Dialect } from '../dialect.ts';
import { initial } from './initial.ts';

/** What has made the schema, oldest first. Released ones never change; a new one is added instead. */
export const MIGRATIONS: Readonly<Record<string, (dialect: Dialect) => readonly string[]>> = {
  '0001-initial': initial,
};
