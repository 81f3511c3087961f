import { EXPONENTIAL, newTaskId, type Store, type TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Logger } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { FakeClock, freePort } from '@orrery/testing';
import { TaskError } from '@orrery/task-error';
import { observeStore } from './observe-store.ts';
import { NO_TELEMETRY, startTelemetry, type Telemetry } from './start-telemetry.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
const namespace = 'n';
const error = TaskError.create({ message: 'it broke', errorType: 'network' }).toData();

describe('a store that is observed', () => {
  const clock = new FakeClock();
  let telemetry: Telemetry;
  let lines: (Readonly<Record<string, unknown>> & { readonly message: string })[];
  let plain: Store;
  let tasks: TaskStore;

  const loggerAt = (isDebug: boolean): Logger => ({
    debug: (message, fields) => void lines.push({ message, ...fields }),
    info: () => {},
    warn: () => {},
    error: () => {},
    enabled: (level) => isDebug || level !== 'debug',
  });

  beforeAll(async () => {
    const env = { ORRERY_METRICS_PORT: String(await freePort()) };
    telemetry = await startTelemetry({ serviceName: 'spec', env });
  });
  afterAll(() => telemetry.stop());
  beforeEach(() => {
    lines = [];
    plain = openMemoryStore({ clock });
    tasks = observeStore(plain, { telemetry, logger: loggerAt(true) }).tasks;
  });

  async function create(type: string): Promise<string> {
    const id = newTaskId();
    const params = { data: new Uint8Array(), contentType: 'application/json' };
    const spec = {
      namespace,
      id,
      queue: 'q',
      type,
      params,
      priority: 0,
      flowKey: '',
      retryPolicy: EXPONENTIAL,
      runTimeout: null,
    };
    const origin = {
      labels: {},
      correlationId: 'because',
      traceparent,
      parentTaskId: '',
      dedupKey: '',
      typeVersion: 0,
    };
    const task = {
      spec: { ...spec, queueTimeout: null, heartbeatTimeout: null, ...origin },
      due: null,
      idIsCallers: false,
    };
    await tasks.createTasks({ namespace, tasks: [task], request: null });
    return id;
  }

  async function claim(from: TaskStore = tasks) {
    const leaseDuration = Duration.ofSeconds(30);
    const claimed = await from.claimTasks({
      namespace,
      queues: ['q'],
      types: [],
      strategy: 'FIFO',
      slots: ['w'],
      leaseDuration,
    });
    const [task] = claimed;
    if (!task) throw new Error('nothing was claimed');
    return { task, lease: { taskId: task.id, token: task.leaseToken ?? '' } };
  }

  const scrape = async () => (await fetch(telemetry.metricsUrl ?? '')).text();
  const counted = async (name: string, type: string) =>
    new RegExp(`^${name}_total{.*orrery_task_type="${type}".*} (\\d+)`, 'm').exec(await scrape())?.[1] ?? '0';

  it('is the store itself when nobody would hear of anything', () => {
    expect(observeStore(plain, { telemetry: NO_TELEMETRY, logger: loggerAt(false) })).toBe(plain);
  });

  it('tells the life of a task, each step once and with what it belongs to', async () => {
    const id = await create('life');
    const first = await claim();
    await tasks.failTasks(namespace, [
      { lease: first.lease, error, decision: { retry: true, delay: Duration.ZERO }, ifExpiresAt: null },
    ]);
    const second = await claim();
    await tasks.releaseTasks(namespace, [second.lease]);
    const third = await claim();
    await tasks.completeTasks(namespace, [{ lease: third.lease, result: null }]);

    expect(lines.map(({ message }) => message)).toEqual([
      'task created',
      'task claimed',
      'task failed, to be retried',
      'task claimed',
      'task handed back',
      'task claimed',
      'task completed',
    ]);
    for (const line of lines)
      expect(line).toMatchObject({ task_id: id, correlation_id: 'because', trace_id: TRACE, queue: 'q', type: 'life' });
    expect(lines[2]).toMatchObject({ attempt: 1, worker_id: 'w', error_type: 'network', retry_in: Duration.ZERO });
    expect(await counted('orrery_attempt_started', 'life')).toBe('3');
    expect(await counted('orrery_attempt_retried', 'life')).toBe('1');
    expect(await counted('orrery_attempt_released', 'life')).toBe('1');
    expect(await counted('orrery_task_succeeded', 'life')).toBe('1');
  });

  it('counts rescues, dead letters and outcomes that came too late', async () => {
    await create('lost');
    const { task, lease } = await claim();
    const lost = { lease, error, decision: { retry: false as const }, ifExpiresAt: task.leaseExpiresAt };
    await tasks.failTasks(namespace, [lost]);
    const [late] = await tasks.completeTasks(namespace, [{ lease, result: null }]);
    expect(late?.refusal?.reason).toBe('LEASE_LOST');

    expect(lines.at(-1)).toMatchObject({ message: 'task failed', rescued: true });
    expect(await counted('orrery_task_failed', 'lost')).toBe('1');
    const text = await scrape();
    expect(text).toMatch(/^orrery_attempt_rescued_total{orrery_namespace="n".*} 1$/m);
    expect(text).toMatch(/^orrery_attempt_stale_total{orrery_namespace="n".*} 1$/m);
  });

  it('looks up what another process gave out', async () => {
    await create('elsewhere');
    const { lease } = await claim(plain.tasks);
    clock.advance(Duration.ofSeconds(7));
    await tasks.completeTasks(namespace, [{ lease, result: null }]);
    expect(await counted('orrery_task_succeeded', 'elsewhere')).toBe('1');
    expect(await scrape()).toMatch(/^orrery_attempt_duration_sum{.*orrery_task_type="elsewhere".*} 7$/m);
  });

  it('tells of callers who change the course of a task', async () => {
    const id = await create('course');
    await tasks.cancelTask({ namespace, id });
    expect(lines.at(-1)).toMatchObject({ message: 'task cancelled', task_id: id });
    expect(await counted('orrery_task_cancelled', 'course')).toBe('1');
  });

  it('leaves the rest to the store', async () => {
    const id = await create('rest');
    expect((await tasks.getTasks([{ namespace, id }])).map((task) => task.id)).toEqual([id]);
    expect(await tasks.stats()).toHaveLength(1);
  });
});
