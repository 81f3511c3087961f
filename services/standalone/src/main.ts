import { createLocalBus, openNatsBus } from '@orrery/events';
import { createLogger, natsOptions, retentionOf, runProcess, serve } from '@orrery/service';
import { openStore } from '@orrery/store';
import { observeStore, reportBacklog, startTelemetry } from '@orrery/telemetry';
import { readConfig } from './config.ts';
import { createStandalone } from './standalone.ts';
import { welcome } from './welcome.ts';

const config = readConfig(process.env);
const logger = createLogger({ level: config.ORRERY_LOG_LEVEL, format: config.ORRERY_LOG_FORMAT });

await runProcess(
  'standalone',
  async () => {
    const telemetry = await startTelemetry({ serviceName: 'orrery-standalone', env: process.env });
    const store = observeStore(await openStore(config.databaseUrl), { telemetry, logger });
    await store.migrate();
    const nats = natsOptions(config);
    const bus = nats ? await openNatsBus({ ...nats, name: 'orrery-standalone', logger }) : createLocalBus({ logger });
    const stopReporting = reportBacklog({ tasks: store.tasks, telemetry, logger });
    const server = await serve({
      modules: createStandalone({
        store,
        bus,
        logger,
        maxPayloadBytes: config.ORRERY_MAX_PAYLOAD_BYTES,
        retention: retentionOf(config),
        eventRetention: config.ORRERY_EVENT_RETENTION,
        ageing: config.ORRERY_AGEING,
        auditRetention: config.ORRERY_AUDIT_RETENTION,
      }).modules,
      host: config.ORRERY_HOST,
      port: config.ORRERY_PORT,
      logger,
      limits: { unread: config.ORRERY_UNREAD_LIMIT },
      shutdownGrace: config.ORRERY_SHUTDOWN_GRACE,
    });
    process.stdout.write(welcome(config, server.port));
    return {
      stop: async () => {
        await server.stop();
        await bus.close();
        stopReporting();
        await store.close();
        await telemetry.stop();
      },
    };
  },
  logger,
);
