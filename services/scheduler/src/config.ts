import { commonConfig, databaseConfig, type Env, readEnv } from '@orrery/service';
import { z } from 'zod';

const schema = z.object({
  ...commonConfig(7072),
  ...databaseConfig(),
});

/** Reads the configuration; every problem is reported at once. */
export function readConfig(env: Env) {
  return readEnv(schema, env);
}
