import { commonConfig, databaseConfig, durationText, type Env, natsConfig, readEnv } from '@orrery/service';
import { Duration } from '@orrery/duration';
import { z } from 'zod';

const schema = z.object({
  ...commonConfig(7074),
  ...databaseConfig(),
  ...natsConfig(),
  /** How long the audit trail is kept. */
  ORRERY_AUDIT_RETENTION: durationText().default(Duration.of({ days: 90 })),
});

/** Reads the configuration; every problem is reported at once. */
export function readConfig(env: Env) {
  return readEnv(schema, env);
}
