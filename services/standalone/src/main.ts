import { createLogger, runProcess, serve } from '@orrery/service';
import { openStore } from '@orrery/store';
import { readConfig } from './config.ts';
import { createStandalone } from './standalone.ts';
import { welcome } from './welcome.ts';

const config = readConfig(process.env);
const logger = createLogger({ level: config.ORRERY_LOG_LEVEL, format: config.ORRERY_LOG_FORMAT });

await runProcess(
  'standalone',
  async () => {
    const store = await openStore(config.databaseUrl);
    await store.migrate();
    const server = await serve({
      modules: createStandalone({ store, logger, maxPayloadBytes: config.ORRERY_MAX_PAYLOAD_BYTES }),
      host: config.ORRERY_HOST,
      port: config.ORRERY_PORT,
      logger,
      shutdownGrace: config.ORRERY_SHUTDOWN_GRACE,
    });
    process.stdout.write(welcome(config, server.port));
    return {
      stop: async () => {
        await server.stop();
        await store.close();
      },
    };
  },
  logger,
);
