import { join, resolve } from 'node:path';
import { DEFAULT_AGEING } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { commonConfig, durationText, type Env, natsConfig, readEnv, retentionConfig } from '@orrery/service';
import { z } from 'zod';

const schema = z
  .object({
    ...commonConfig(7070),
    ...natsConfig(),
    ...retentionConfig(),
    /** How long events are kept to be read again. */
    ORRERY_EVENT_RETENTION: durationText().default(Duration.of({ days: 7 })),
    /** How old a task must be to get a share of the claims whatever its priority. */
    ORRERY_AGEING: durationText().default(DEFAULT_AGEING),
    /** How long the audit trail is kept. */
    ORRERY_AUDIT_RETENTION: durationText().default(Duration.of({ days: 90 })),
    /** Where the data is kept. */
    ORRERY_DATA_DIR: z.string().default('./.orrery'),
    /** Where the tasks are kept instead: "postgres://…", "sqlite:FILE", "file:DIRECTORY", or "memory:" (lost at the end). */
    ORRERY_DATABASE_URL: z
      .string()
      .regex(
        /^(postgres(ql)?:\/\/|sqlite:|file:|memory:)/,
        'must begin with "postgres://", "sqlite:", "file:" or "memory:"',
      )
      .optional(),
  })
  .transform((config) => ({
    ...config,
    databaseUrl: config.ORRERY_DATABASE_URL ?? `sqlite:${join(resolve(config.ORRERY_DATA_DIR), 'orrery.db')}`,
  }));

/** Reads the configuration; every problem is reported at once. */
export function readConfig(env: Env) {
  return readEnv(schema, env);
}

/** What standalone reads from its environment. */
export type Config = ReturnType<typeof readConfig>;
