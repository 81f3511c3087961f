import { addressList, commonConfig, databaseConfig, type Env, natsConfig, readEnv } from '@orrery/service';
import { z } from 'zod';

const schema = z.object({
  ...commonConfig(7071),
  ...databaseConfig(),
  ...natsConfig(),
  /** Where the schedulers listen, separated by commas. */
  ORRERY_SCHEDULERS: addressList().default(['127.0.0.1:7072']),
});

/** Reads the configuration; every problem is reported at once. */
export function readConfig(env: Env) {
  return readEnv(schema, env);
}
