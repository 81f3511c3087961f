import { dispatchv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { type Channel, createChannel, createClient, Metadata } from 'nice-grpc';
import { currentCall, currentTraceparent } from './call-scope.ts';
import { createLogger } from './logger.ts';
import { startLoop } from './loop.ts';
import { type RunningServer, serve } from './serve.ts';
import { bind } from './service-module.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;

describe('a call', () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const logger = createLogger({ level: 'info', format: 'json', write });
  let server: RunningServer;
  let channel: Channel;
  let seen: { readonly correlationId: string | undefined; readonly traceparent: string };

  const look = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    logger.info('handling');
    seen = { correlationId: currentCall()?.correlationId, traceparent: currentTraceparent() };
    return { taskCount: 0 };
  };

  beforeAll(async () => {
    const binding = bind(dispatchv1.SchedulerServiceDefinition, {
      wake: async () => ({}),
      retryTask: async () => ({ task: undefined }),
      retryTasks: async () => ({ taskIds: [] }),
      rescheduleTask: async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const runOnce = async () => {
          logger.info('in a loop');
          resolve();
          return 'idle' as const;
        };
        const loop = startLoop({ name: 'spec', interval: Duration.ofSeconds(1), runOnce, logger });
        await promise;
        await loop.stop();
        return { task: undefined };
      },
      reclaimWorker: look,
    });
    const none = async () => {};
    const module = { name: 'spec', bindings: [binding], start: none, drain: none, stop: none };
    const shutdownGrace = Duration.ofSeconds(1);
    server = await serve({ modules: [module], host: '127.0.0.1', port: 0, logger, shutdownGrace });
    channel = createChannel(`127.0.0.1:${server.port}`);
  });

  beforeEach(() => void lines.splice(0));

  afterAll(async () => {
    channel.close();
    await server.stop();
  });

  async function callWith(metadata: Record<string, string>): Promise<string | undefined> {
    let replied: string | undefined;
    const onHeader = (header: Metadata) => (replied = header.get('x-correlation-id'));
    const client = createClient(dispatchv1.SchedulerServiceDefinition, channel);
    await client.reclaimWorker(
      { namespace: '', workerId: 'w', lastHeartbeatTime: undefined },
      { metadata: Metadata(metadata), onHeader },
    );
    return replied;
  }

  it('has its caller’s correlation id and trace in what it logs, causes and answers', async () => {
    expect(await callWith({ 'x-correlation-id': 'order-77', traceparent })).toBe('order-77');
    expect(seen).toEqual({ correlationId: 'order-77', traceparent });
    expect(lines).toMatchObject([{ message: 'handling', correlation_id: 'order-77', trace_id: TRACE }]);
  });

  it('is given a correlation id of its own where the caller has none, or none that can be kept', async () => {
    const uuid = /^[0-9a-f-]{36}$/;
    const first = await callWith({});
    expect(first).toMatch(uuid);
    expect(lines[0]).toMatchObject({ correlation_id: first });
    const second = await callWith({ 'x-correlation-id': 'x'.repeat(256), traceparent: 'nonsense' });
    expect(second).toMatch(uuid);
    expect(second).not.toBe(first);
    expect(seen.traceparent).toBe('');
    expect(lines[1]).not.toHaveProperty('trace_id');
  });

  it('is not what a loop belongs to that it starts', async () => {
    const client = createClient(dispatchv1.SchedulerServiceDefinition, channel);
    await client.rescheduleTask({ task: undefined, runTime: undefined });
    expect(lines).toMatchObject([{ message: 'in a loop' }]);
    expect(lines[0]).not.toHaveProperty('correlation_id');
  });
});
