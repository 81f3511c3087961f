/** The databases that one schema is written for. */
export type Dialect = 'postgresql' | 'sqlite';
