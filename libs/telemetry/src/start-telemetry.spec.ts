import { createServer } from 'node:net';
import { context, createContextKey, metrics, ROOT_CONTEXT } from '@opentelemetry/api';
import { Duration } from '@orrery/duration';
import { openMemoryStore } from '@orrery/store';
import { freePort } from '@orrery/testing';
import { reportBacklog } from './report-backlog.ts';
import { NO_TELEMETRY, startTelemetry } from './start-telemetry.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, enabled: () => false };
const serviceName = 'spec';

/** Whether the SDK is there: without it, nothing is carried along. */
function isLoaded(): boolean {
  const key = createContextKey('spec');
  return context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key) === true);
}

describe('telemetry', () => {
  it('is nothing at all unless the environment asks for it', async () => {
    expect(await startTelemetry({ serviceName, env: {} })).toBe(NO_TELEMETRY);
    expect(isLoaded()).toBe(false);
  });

  it('can be read by Prometheus until it is stopped', async () => {
    const env = { ORRERY_METRICS_PORT: String(await freePort()) };
    const telemetry = await start(env);
    expect(telemetry).toMatchObject({ traces: false, metrics: true });
    expect(await startTelemetry({ serviceName: 'other', env })).toBe(telemetry);
    const counter = metrics.getMeter('spec').createCounter('spec.things');
    counter.add(3);
    const text = await (await fetch(telemetry.metricsUrl ?? '')).text();
    expect(text).toContain('spec_things_total{otel_scope_name="spec"} 3');
    expect(text).toContain('service_name="spec",service_version="1.2.3"');
    await telemetry.stop();
    await expect(fetch(telemetry.metricsUrl ?? '')).rejects.toThrow();
    expect(isLoaded()).toBe(false);
  });

  it('says so if its port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(start({ ORRERY_METRICS_PORT: String(port) })).rejects.toThrow('EADDRINUSE');
    await new Promise((resolve) => taken.close(resolve));
  });

  it('looks at the store no more often than asked, and tells of it', async () => {
    const telemetry = await start({ ORRERY_METRICS_PORT: String(await freePort()) });
    const { tasks } = openMemoryStore();
    let looks = 0;
    const stop = reportBacklog({
      tasks: {
        stats: async () => {
          looks += 1;
          const busy = { namespace: 'n', queue: 'q', ready: 2, scheduled: 1, running: 0 };
          return [...(await tasks.stats()), { ...busy, oldestReadyFor: Duration.ofMillis(1500) }];
        },
      },
      outboxLag: async () => ({ batches: 7, oldestAge: Duration.ofSeconds(3) }),
      telemetry,
      logger: silent,
    });
    const read = async () => (await fetch(telemetry.metricsUrl ?? '')).text();
    await read();
    const text = await read();
    expect(looks).toBe(1);
    const labels = 'orrery_namespace="n",messaging_destination_name="q"';
    expect(text).toContain(`orrery_queue_depth{${labels},orrery_state="ready"`);
    expect(text).toMatch(new RegExp(`orrery_queue_oldest_ready{${labels}.*} 1.5`));
    expect(text).toMatch(/orrery_outbox_batches{.*} 7/);
    expect(text).toMatch(/orrery_outbox_lag{.*} 3/);
    stop();
    await telemetry.stop();
  });

  it('says that a queue is empty once it is', async () => {
    const telemetry = await start({ ORRERY_METRICS_PORT: String(await freePort()) });
    const busy = { namespace: 'n', queue: 'q', ready: 2, scheduled: 1, running: 3, oldestReadyFor: Duration.ZERO };
    const answers = [[busy], []];
    const tasks = { stats: async () => answers.shift() ?? [] };
    const stop = reportBacklog({ tasks, telemetry, logger: silent, maxAge: Duration.ZERO });
    const depths = async () => {
      const text = await (await fetch(telemetry.metricsUrl ?? '')).text();
      return [...text.matchAll(/^orrery_queue_depth{.*} (\d+)/gm)].map(([, depth]) => depth);
    };
    expect(await depths()).toEqual(['2', '1', '3']);
    expect(await depths()).toEqual(['0', '0', '0']);
    stop();
    await telemetry.stop();
  });
});

function start(env: Readonly<Record<string, string>>) {
  return startTelemetry({ serviceName, serviceVersion: '1.2.3', env });
}
