import { createRequire } from 'node:module';
import { type Env, readTelemetryConfig } from './telemetry-config.ts';

/** Who a process is, and where it reads what to tell of itself. */
export interface TelemetryOptions {
  /** Unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise. */
  readonly serviceName: string;
  /** Default: Orrery's own. */
  readonly serviceVersion?: string;
  /** Decides what is on; how it is exported, the SDK reads from the process's own environment. */
  readonly env: Env;
}

/** A process's telemetry. */
export interface Telemetry {
  /** Whether spans are recorded. */
  readonly traces: boolean;
  /** Whether metrics are recorded. */
  readonly metrics: boolean;
  /** Where Prometheus can read, e.g. "http://127.0.0.1:9464/metrics"; null: nowhere. */
  readonly metricsUrl: string | null;
  /** Exports what was recorded and ends; gives up after 5 s. Never rejects. */
  stop(): Promise<void>;
}

/** Telemetry that is off. */
export const NO_TELEMETRY: Telemetry = { traces: false, metrics: false, metricsUrl: null, stop: async () => {} };

let started: Promise<Telemetry> | null = null;

/**
 * Starts OpenTelemetry as the environment says. With nothing on, nothing is loaded. There is one for a process: started again, it
 * is the same until stopped. Throws a RangeError for a bad port, or whatever the system says of one that is taken.
 */
export function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  started ??= start(options).then(
    (telemetry) => {
      if (telemetry === NO_TELEMETRY) started = null;
      return telemetry;
    },
    (error: unknown) => {
      started = null;
      throw error;
    },
  );
  return started;
}

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

async function start(options: TelemetryOptions): Promise<Telemetry> {
  const config = readTelemetryConfig(options.env);
  if (!config.traces && !config.metrics && !config.prometheus) return NO_TELEMETRY;
  const { openSdk } = await import('./open-sdk.ts');
  const sdk = await openSdk(config, { serviceVersion: version, ...options });
  return {
    traces: config.traces,
    metrics: config.metrics || config.prometheus !== null,
    metricsUrl: sdk.metricsUrl,
    async stop() {
      started = null;
      await sdk.close();
    },
  };
}
