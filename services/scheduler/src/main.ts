import type { OrreryEvent } from '@orrery/core';
import { openNatsBus } from '@orrery/events';
import { createLogger, natsOptions, retentionOf, runProcess, serve } from '@orrery/service';
import { openStore } from '@orrery/store';
import { observeBus, observeStore, reportBacklog, startTelemetry } from '@orrery/telemetry';
import { readConfig } from './config.ts';
import { createSchedulerService } from './scheduler.ts';

const config = readConfig(process.env);
const logger = createLogger({ level: config.ORRERY_LOG_LEVEL, format: config.ORRERY_LOG_FORMAT });

await runProcess(
  'scheduler',
  async () => {
    const telemetry = await startTelemetry({ serviceName: 'orrery-scheduler', env: process.env });
    const store = observeStore(await openStore(config.ORRERY_DATABASE_URL, { poolSize: config.ORRERY_DATABASE_POOL }), {
      telemetry,
      logger,
    });
    await store.migrate();
    const nats = natsOptions(config);
    const bus =
      nats && observeBus(await openNatsBus({ ...nats, name: 'orrery-scheduler', logger }), { telemetry, logger });
    const scheduler = createSchedulerService({
      store,
      logger,
      maxPayloadBytes: config.ORRERY_MAX_PAYLOAD_BYTES,
      // Without a bus events are read from the database.
      ...(bus && { publish: (events: readonly OrreryEvent[]) => bus.publish(events) }),
      retention: retentionOf(config),
      eventRetention: config.ORRERY_EVENT_RETENTION,
      ageing: config.ORRERY_AGEING,
    });
    const outboxLag = async () => (scheduler.relay ? scheduler.relay.lag() : null);
    const stopReporting = reportBacklog({ tasks: store.tasks, outboxLag, telemetry, logger });
    const server = await serve({
      modules: [scheduler],
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
        stopReporting();
        await store.close();
        await telemetry.stop();
      },
    };
  },
  logger,
);
