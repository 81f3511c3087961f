import { setTimeout as sleep } from 'node:timers/promises';
import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  defaultResource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { PeriodicExportingMetricReader, type IMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { type Env, read, type TelemetryConfig } from './telemetry-config.ts';
import type { TelemetryOptions } from './start-telemetry.ts';

/** How long the last export may take. */
const FLUSH_MS = 5_000;

/** The others tell of command lines, which may hold secrets, and of the machine. */
const DETECTORS = [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector];

const EXPORT_INTERVAL_MS = 60_000;

/** Starts the SDK; how it exports, it reads from the process's environment. */
export async function openSdk(
  config: TelemetryConfig,
  { serviceName, serviceVersion, env }: Required<TelemetryOptions>,
) {
  const prometheus = config.prometheus && (await listen(config.prometheus));
  const sdk = new NodeSDK({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': serviceName, 'service.version': serviceVersion }),
    ),
    ...(!env['OTEL_NODE_RESOURCE_DETECTORS'] && { resourceDetectors: DETECTORS }),
    ...(!config.traces && { spanProcessors: [] }),
    ...readers(config, prometheus, config.metrics && prometheus ? await otlpReader(env) : null),
    logRecordProcessors: [],
  });
  sdk.start();
  return {
    metricsUrl: prometheus && config.prometheus ? urlOf(config.prometheus) : null,
    async close() {
      const flushed = sdk.shutdown().catch((error: unknown) => diag.error('the last export failed', error));
      await Promise.race([flushed, sleep(FLUSH_MS, undefined, { ref: false })]);
      for (const api of [trace, metrics, propagation, context]) api.disable();
    },
  };
}

async function listen(where: { readonly host: string; readonly port: number }): Promise<PrometheusExporter> {
  const exporter = new PrometheusExporter({ ...where, endpoint: '/metrics', preventServerStart: true });
  await exporter.startServer();
  return exporter;
}

/** Nothing said: the SDK makes readers as its own variables ask. */
function readers(config: TelemetryConfig, prometheus: IMetricReader | null, otlp: IMetricReader | null) {
  if (config.metrics && !prometheus) return {};
  return { metricReaders: [prometheus, otlp].filter((reader) => reader !== null) };
}

async function otlpReader(env: Env): Promise<IMetricReader | null> {
  const named = env['OTEL_METRICS_EXPORTER'];
  if (named && !named.split(',').includes('otlp')) return null;
  const protocol = read(env, 'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL') ?? read(env, 'OTEL_EXPORTER_OTLP_PROTOCOL');
  const asked = Number(env['OTEL_METRIC_EXPORT_INTERVAL']);
  const exportIntervalMillis = asked > 0 ? asked : EXPORT_INTERVAL_MS;
  const exportTimeoutMillis = Math.min(exportIntervalMillis, 30_000);
  return new PeriodicExportingMetricReader({
    exporter: await otlpExporter(protocol),
    exportIntervalMillis,
    exportTimeoutMillis,
  });
}

async function otlpExporter(protocol: string | undefined): Promise<PushMetricExporter> {
  if (protocol === 'grpc') {
    const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-grpc');
    return new OTLPMetricExporter();
  }
  if (protocol === 'http/json') {
    const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-http');
    return new OTLPMetricExporter();
  }
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  return new OTLPMetricExporter();
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`;
}
