/** Environment variables, e.g. `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What of telemetry is on. */
export interface TelemetryConfig {
  readonly traces: boolean;
  /** Whether metrics go where the standard variables say. */
  readonly metrics: boolean;
  /** Where Prometheus can read metrics; null: nowhere. */
  readonly prometheus: { readonly host: string; readonly port: number } | null;
}

/**
 * Reads what is on: traces and metrics once there is an OTLP endpoint or an exporter is named, as OpenTelemetry's own variables say;
 * a Prometheus endpoint once ORRERY_METRICS_PORT is set. Throws a RangeError for a port that is none.
 */
export function readTelemetryConfig(env: Env): TelemetryConfig {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') {
    return { traces: false, metrics: false, prometheus: null };
  }
  return { traces: isOn(env, 'TRACES'), metrics: isOn(env, 'METRICS'), prometheus: readPrometheus(env) };
}

function isOn(env: Env, signal: 'TRACES' | 'METRICS'): boolean {
  const exporter = env[`OTEL_${signal}_EXPORTER`]?.trim();
  if (exporter) return exporter !== 'none';
  return isSet(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') || isSet(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
}

function readPrometheus(env: Env): TelemetryConfig['prometheus'] {
  const text = env['ORRERY_METRICS_PORT'];
  if (!text) return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
  if (port > 65_535) throw new RangeError(`ORRERY_METRICS_PORT: "${text}" is not a port from 0 to 65535`);
  return { host: read(env, 'ORRERY_METRICS_HOST') ?? '127.0.0.1', port };
}

/** A variable's value; one that is empty counts as unset. */
export function read(env: Env, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

function isSet(env: Env, name: string): boolean {
  return read(env, name) !== undefined;
}
