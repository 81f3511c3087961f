import { readTelemetryConfig } from './telemetry-config.ts';

const OFF = { traces: false, metrics: false, prometheus: null };
const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318';

describe('what of telemetry is on', () => {
  it.each([
    ['nothing by itself', {}, OFF],
    ['both with an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT }, { ...OFF, traces: true, metrics: true }],
    ['one with an endpoint of its own', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a' }, { ...OFF, traces: true }],
    ['what has an exporter', { OTEL_METRICS_EXPORTER: 'console' }, { ...OFF, metrics: true }],
    ['not what has none', { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, { ...OFF, metrics: true }],
    [
      'nothing when disabled',
      { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'TRUE', ORRERY_METRICS_PORT: '1' },
      OFF,
    ],
    ['nothing with empty variables', { OTEL_EXPORTER_OTLP_ENDPOINT: '', ORRERY_METRICS_PORT: '' }, OFF],
    ['Prometheus, on this machine', { ORRERY_METRICS_PORT: '9464' }, { ...OFF, prometheus: at('127.0.0.1') }],
    [
      'Prometheus, elsewhere too',
      { ORRERY_METRICS_PORT: '9464', ORRERY_METRICS_HOST: '::' },
      { ...OFF, prometheus: at('::') },
    ],
  ])('is %s', (_, env, expected) => {
    expect(readTelemetryConfig(env)).toEqual(expected);
  });

  it.each(['x', '65536', '-1', '1.5'])('is not read from a port such as "%s"', (port) => {
    expect(() => readTelemetryConfig({ ORRERY_METRICS_PORT: port })).toThrow('ORRERY_METRICS_PORT');
  });
});

function at(host: string) {
  return { host, port: 9464 };
}
