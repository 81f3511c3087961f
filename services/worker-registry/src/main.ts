import { createLogger, runProcess, SchedulerClient, serve } from '@orrery/service';
import { openStore } from '@orrery/store';
import { startTelemetry } from '@orrery/telemetry';
import { readConfig } from './config.ts';
import { createWorkerRegistryService } from './worker-registry.ts';

const config = readConfig(process.env);
const logger = createLogger({ level: config.ORRERY_LOG_LEVEL, format: config.ORRERY_LOG_FORMAT });

await runProcess(
  'worker-registry',
  async () => {
    const telemetry = await startTelemetry({ serviceName: 'orrery-worker-registry', env: process.env });
    const store = await openStore(config.ORRERY_DATABASE_URL, { poolSize: config.ORRERY_DATABASE_POOL });
    await store.migrate();
    const scheduler = new SchedulerClient(config.ORRERY_SCHEDULERS, logger);
    const server = await serve({
      modules: [createWorkerRegistryService({ store, scheduler, logger })],
      host: config.ORRERY_HOST,
      port: config.ORRERY_PORT,
      logger,
      limits: { unread: config.ORRERY_UNREAD_LIMIT },
      shutdownGrace: config.ORRERY_SHUTDOWN_GRACE,
    });
    return {
      stop: async () => {
        await server.stop();
        scheduler.close();
        await store.close();
        await telemetry.stop();
      },
    };
  },
  logger,
);
