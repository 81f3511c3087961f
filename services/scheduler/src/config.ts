import { DEFAULT_AGEING } from '@orrery/core';
import { Duration } from '@orrery/duration';
import {
  commonConfig,
  databaseConfig,
  durationText,
  type Env,
  natsConfig,
  readEnv,
  retentionConfig,
} from '@orrery/service';
import { z } from 'zod';

const schema = z.object({
  ...commonConfig(7072),
  ...databaseConfig(),
  ...natsConfig(),
  ...retentionConfig(),
  /** How long events are kept to be read again. */
  ORRERY_EVENT_RETENTION: durationText().default(Duration.of({ days: 7 })),
  /** How old a task must be to get a share of the claims whatever its priority. */
  ORRERY_AGEING: durationText().default(DEFAULT_AGEING),
});

/** Reads the configuration; every problem is reported at once. */
export function readConfig(env: Env) {
  return readEnv(schema, env);
}
