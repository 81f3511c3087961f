import { openNatsBus } from '@orrery/events';
import { createLogger, natsOptions, runProcess, serve } from '@orrery/service';
import { openStore } from '@orrery/store';
import { observeAudit, observeBus, startTelemetry } from '@orrery/telemetry';
import { createAssessmentLoggerService } from './assessment-logger.ts';
import { readConfig } from './config.ts';
import { fromBus, fromLog } from './event-source.ts';

const config = readConfig(process.env);
const logger = createLogger({ level: config.ORRERY_LOG_LEVEL, format: config.ORRERY_LOG_FORMAT });

await runProcess(
  'assessment-logger',
  async () => {
    const telemetry = await startTelemetry({ serviceName: 'orrery-assessment-logger', env: process.env });
    const store = observeAudit(await openStore(config.ORRERY_DATABASE_URL, { poolSize: config.ORRERY_DATABASE_POOL }), {
      telemetry,
      logger,
    });
    await store.migrate();
    const nats = natsOptions(config);
    const bus =
      nats &&
      observeBus(await openNatsBus({ ...nats, name: 'orrery-assessment-logger', logger }), { telemetry, logger });
    const server = await serve({
      modules: [
        createAssessmentLoggerService({
          store,
          source: bus ? fromBus(bus) : fromLog(store.events, logger),
          retention: config.ORRERY_AUDIT_RETENTION,
          logger,
        }),
      ],
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
        await store.close();
        await telemetry.stop();
      },
    };
  },
  logger,
);
