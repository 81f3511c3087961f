import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type EphemeralNats,
  type EphemeralPostgres,
  freePort,
  type OtlpReceiver,
  type ReceivedSpan,
  startEphemeralNats,
  startEphemeralPostgres,
  startOtlpReceiver,
  startProcess,
  type TestProcess,
} from '@orrery/testing';

const SERVICES = join(import.meta.dirname, '../..');
const REGISTER = '--import=@orrery/telemetry/register';

type LogLine = Readonly<Record<string, unknown>>;

describe('a task that is delayed, fails once and succeeds, across processes', () => {
  const logs = new Map<string, LogLine[]>();
  const processes: TestProcess[] = [];
  let postgres: EphemeralPostgres;
  let nats: EphemeralNats;
  let receiver: OtlpReceiver;
  let taskId = '';
  let scraped = '';

  function start(name: string, file: string, env: Readonly<Record<string, string>>): TestProcess {
    const started = startProcess(file, { ...receiver.env, ...env });
    processes.push(started);
    const lines: LogLine[] = [];
    logs.set(name, lines);
    if (!started.child.stderr) throw new Error('no standard error');
    createInterface(started.child.stderr).on('line', (line) => {
      if (line.startsWith('{')) lines.push(JSON.parse(line) as LogLine);
    });
    return started;
  }

  const startService = async (name: string, env: Readonly<Record<string, string>>) => {
    const service = start(name, join(SERVICES, name, 'src/main.ts'), { ORRERY_LOG_LEVEL: 'debug', ...env });
    await service.errorLine(/listening/);
    return service;
  };

  const mine = () => receiver.spans.filter(({ traceId }) => traceId === one('create order.pay').traceId);

  function all(name: string): readonly ReceivedSpan[] {
    return receiver.spans
      .filter((span) => span.name === name)
      .sort((a, b) => Number(a.attributes['orrery.attempt'] ?? 0) - Number(b.attributes['orrery.attempt'] ?? 0));
  }

  function one(name: string): ReceivedSpan {
    const [span, ...others] = all(name);
    if (!span || others.length > 0) throw new Error(`one span "${name}" was expected, not ${all(name).length}`);
    return span;
  }

  beforeAll(async () => {
    [postgres, nats, receiver] = await Promise.all([
      startEphemeralPostgres(),
      startEphemeralNats(),
      startOtlpReceiver(),
    ]);
    const free = [freePort(), freePort(), freePort(), freePort(), freePort()] as const;
    const [api, scheduler, registry, audit, metrics] = await Promise.all(free);
    const ORRERY_DATABASE_URL = await postgres.createDatabase();
    const ORRERY_SCHEDULERS = `127.0.0.1:${scheduler}`;
    const env = { ORRERY_DATABASE_URL, ORRERY_SCHEDULERS, ORRERY_NATS_URL: nats.url };
    const services = await Promise.all([
      startService('task-api', { ...env, ORRERY_PORT: `${api}` }),
      startService('scheduler', {
        ...env,
        ORRERY_PORT: `${scheduler}`,
        ORRERY_METRICS_PORT: `${metrics}`,
        // A look of the exporter's, before there are tasks, would be good for 15 s.
        OTEL_METRICS_EXPORTER: 'none',
      }),
      startService('worker-registry', { ...env, ORRERY_PORT: `${registry}` }),
      startService('assessment-logger', { ...env, ORRERY_PORT: `${audit}` }),
    ]);
    const at = (port: number) => `127.0.0.1:${port}`;
    const sdk = { API: at(api), SCHEDULER: at(scheduler), REGISTRY: at(registry), NODE_OPTIONS: REGISTER };
    const worker = start('worker', join(import.meta.dirname, 'traced-worker.ts'), sdk);
    await worker.line(/working/);
    const client = start('client', join(import.meta.dirname, 'traced-client.ts'), sdk);
    const ended = new Promise<number | null>((resolve) => client.child.once('close', resolve));
    taskId = (await client.line(/^created /)).slice('created '.length);
    await client.line(/^done$/);
    expect(await ended).toBe(0);
    await receiver.until(() => all('settle order.receipt').length === 1);
    // Of order.pay: created, started, retry_scheduled, started, succeeded.
    await receiver.until(() => all('record order.pay').length === 5 && all('record order.receipt').length === 3);
    scraped = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    for (const one of [worker, ...services]) expect(await one.end('SIGTERM')).toBe(0);
  }, 90_000);

  afterAll(async () => {
    await Promise.all(processes.map((one) => one.end('SIGKILL')));
    await receiver.close();
    await Promise.all([postgres.stop(), nats.stop()]);
  });

  it('is one trace through all of them', () => {
    const steps = mine().map(({ service, name, kind }) => `${service} ${kind} ${name}`);
    expect(new Set(steps)).toEqual(
      new Set([
        'traced-client PRODUCER create order.pay',
        'orrery-task-api SERVER orrery.task.v1.TaskService/StreamCreateTasks',
        'orrery-task-api INTERNAL enqueue order.pay',
        'orrery-scheduler INTERNAL claim order.pay',
        'traced-worker CONSUMER run order.pay',
        'orrery-scheduler INTERNAL settle order.pay',
        'traced-worker PRODUCER create order.receipt',
        'orrery-task-api INTERNAL enqueue order.receipt',
        'orrery-scheduler INTERNAL claim order.receipt',
        'traced-worker CONSUMER run order.receipt',
        'orrery-scheduler INTERNAL settle order.receipt',
        ...['order.pay', 'order.receipt'].flatMap((type) => [
          `orrery-scheduler PRODUCER publish ${type}`,
          `orrery-assessment-logger CONSUMER process ${type}`,
          `orrery-assessment-logger INTERNAL record ${type}`,
        ]),
      ]),
    );
  });

  it('has every step below its creation, and each attempt linked to it', () => {
    const creation = one('create order.pay');
    expect(creation.parentSpanId).toBe('');
    const below = ['enqueue order.pay', 'claim order.pay', 'run order.pay', 'settle order.pay'].flatMap(all);
    expect(below.map(({ parentSpanId }) => parentSpanId)).toEqual(below.map(() => creation.spanId));
    expect(below).toHaveLength(1 + 3 * 2);
    const link = { traceId: creation.traceId, spanId: creation.spanId };
    expect(all('run order.pay').map(({ links }) => links)).toEqual([[link], [link]]);
    const served = mine().filter(({ name }) => name.endsWith('/StreamCreateTasks'));
    expect(served.map(({ parentSpanId }) => parentSpanId)).toContain(creation.spanId);
  });

  it('says of each attempt what the conventions ask, and why the first failed', () => {
    const [first, second] = all('run order.pay');
    expect(first).toMatchObject({
      kind: 'CONSUMER',
      failed: true,
      attributes: {
        'messaging.system': 'orrery',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'default',
        'messaging.message.id': taskId,
        'messaging.message.conversation_id': 'order-77',
        'orrery.worker.id': 'traced',
        'orrery.outcome': 'failed',
      },
    });
    const [exception] = first?.events ?? [];
    expect(exception).toMatchObject({
      name: 'exception',
      attributes: { 'exception.type': 'TypeError', 'exception.message': 'the bank is closed' },
    });
    expect(second).toMatchObject({ failed: false, attributes: { 'orrery.outcome': 'completed' } });
    expect(all('settle order.pay').map(({ attributes }) => attributes['orrery.outcome'])).toEqual([
      'RETRIED',
      'SUCCEEDED',
    ]);
  });

  it('goes on in the task that its handler created', () => {
    const [, second] = all('run order.pay');
    const created = one('create order.receipt');
    expect(created.parentSpanId).toBe(second?.spanId);
    expect(one('run order.receipt').parentSpanId).toBe(created.spanId);
  });

  it.each([
    ['task-api', ['task created']],
    ['scheduler', ['task claimed', 'task failed, to be retried', 'task claimed', 'task completed']],
    ['assessment-logger', Array.from({ length: 5 }, () => 'event recorded')],
    ['worker', ['task started', 'about to pay', 'task failed', 'task started', 'about to pay', 'task succeeded']],
  ])('has its correlation id and trace on every line about it in the log of %s', (name, messages) => {
    const lines = (logs.get(name) ?? []).filter((line) => line['task_id'] === taskId);
    const steps = lines
      .map(({ message }) => message)
      .filter((message) => !/^event (published|consumed)$/.test(String(message)));
    expect(steps).toEqual(messages);
    const { traceId } = one('create order.pay');
    expect(lines.map((line) => [line['correlation_id'], line['trace_id']])).toEqual(
      lines.map(() => ['order-77', traceId]),
    );
  });

  it('is counted, for Prometheus and over OTLP', () => {
    const value = (pattern: RegExp) =>
      scraped
        .split('\n')
        .find((line) => pattern.test(line))
        ?.split(' ')[1];
    const pay = 'orrery_namespace="default",messaging_destination_name="default",orrery_task_type="order.pay"';
    expect(value(new RegExp(`^orrery_attempt_started_total{${pay}`))).toBe('2');
    expect(value(new RegExp(`^orrery_attempt_retried_total{${pay}`))).toBe('1');
    expect(value(new RegExp(`^orrery_task_succeeded_total{${pay}`))).toBe('1');
    expect(value(new RegExp(`^orrery_task_queue_time_count{${pay}`))).toBe('2');
    expect(value(new RegExp(`^orrery_task_duration_count{${pay}.*orrery_outcome="SUCCEEDED"`))).toBe('1');
    const later = 'orrery_namespace="default",messaging_destination_name="later"';
    expect(value(new RegExp(`^orrery_queue_depth{${later},orrery_state="scheduled"`))).toBe('1');
    expect(scraped).toMatch(/^target_info{.*service_name="orrery-scheduler"/m);
    expect(scraped).not.toMatch(/process_|host_name/);
    expect([...receiver.metrics]).toEqual(
      expect.arrayContaining(['orrery.task.created', 'rpc.server.call.duration', 'messaging.process.duration']),
    );
  });
});
