import { openNatsBus } from '@orrery/events';
import { createLogger, natsOptions, runProcess, SchedulerClient, serve } from '@orrery/service';
import { openStore } from '@orrery/store';
import { observeStore, startTelemetry } from '@orrery/telemetry';
import { readConfig } from './config.ts';
import { createTaskApiService } from './task-api.ts';

const config = readConfig(process.env);
const logger = createLogger({ level: config.ORRERY_LOG_LEVEL, format: config.ORRERY_LOG_FORMAT });

await runProcess(
  'task-api',
  async () => {
    const telemetry = await startTelemetry({ serviceName: 'orrery-task-api', env: process.env });
    const store = observeStore(await openStore(config.ORRERY_DATABASE_URL, { poolSize: config.ORRERY_DATABASE_POOL }), {
      telemetry,
      logger,
    });
    await store.migrate();
    const scheduler = new SchedulerClient(config.ORRERY_SCHEDULERS, logger);
    const nats = natsOptions(config);
    const bus = nats ? await openNatsBus({ ...nats, name: 'orrery-task-api', logger }) : null;
    const maxPayloadBytes = config.ORRERY_MAX_PAYLOAD_BYTES;
    const server = await serve({
      modules: [createTaskApiService({ store, scheduler, bus, logger, maxPayloadBytes })],
      host: config.ORRERY_HOST,
      port: config.ORRERY_PORT,
      logger,
      limits: { unread: config.ORRERY_UNREAD_LIMIT },
      shutdownGrace: config.ORRERY_SHUTDOWN_GRACE,
    });
    return {
      stop: async () => {
        await server.stop();
        await bus?.close();
        scheduler.close();
        await store.close();
        await telemetry.stop();
      },
    };
  },
  logger,
);
