import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { dispatchv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { callDeaf, type DeafCall, recordingLogger } from '@orrery/testing';
import type { ServiceImplementation } from 'nice-grpc';
import { type RunningServer, serve } from './serve.ts';
import { bind } from './service-module.ts';

const { DispatchServiceDefinition, WorkRequest, WorkResponse } = dispatchv1;
const PATH = `/${DispatchServiceDefinition.fullName}`;
const ENHANCE_YOUR_CALM = 11;
const KIB = 1024;

/** 64 KiB are an HTTP/2 window; this is a quarter. */
const message: dispatchv1.WorkResponse = { message: { $case: 'drain', value: { reason: 'x'.repeat(16 * KIB) } } };

let ended = Promise.withResolvers<void>();
let pauseMs = 0;
let logger = recordingLogger();
let server: RunningServer;
const calls: DeafCall[] = [];

const refused = (): never => {
  throw new Error('not called');
};
const handlers: ServiceImplementation<typeof DispatchServiceDefinition> = {
  async *work() {
    try {
      for (;;) {
        await pause(pauseMs);
        yield message;
      }
    } finally {
      ended.resolve();
    }
  },
  claimTasks: async () => ({ leases: [] }),
  completeTasks: refused,
  failTasks: refused,
  releaseTasks: refused,
  reportProgress: refused,
  extendLeases: async () => ({
    extensions: Array.from({ length: 20_000 }, (_, i) => ({
      taskId: `${i}`.padStart(100, '0'),
      expireTime: undefined,
      cancelRequested: false,
      error: undefined,
    })),
  }),
};

beforeEach(async () => {
  ended = Promise.withResolvers();
  pauseMs = 0;
  logger = recordingLogger();
  const none = async (): Promise<void> => {};
  const bindings = [bind(DispatchServiceDefinition, handlers)];
  server = await serve({
    modules: [{ name: 'test', bindings, start: none, drain: none, stop: none }],
    host: '127.0.0.1',
    port: 0,
    logger,
    limits: { unread: Duration.ofMillis(400) },
    shutdownGrace: Duration.ofSeconds(1),
  });
});

afterEach(async () => {
  for (const call of calls.splice(0)) call.close();
  await server.stop();
});

function deaf(method: string): DeafCall {
  const call = callDeaf(`127.0.0.1:${server.port}`, `${PATH}/${method}`, [new Uint8Array()]);
  calls.push(call);
  return call;
}

function workOf(client: Client) {
  const encode = (request: dispatchv1.WorkRequest): Buffer => Buffer.from(WorkRequest.encode(request).finish());
  const stream = client.makeBidiStreamRequest(`${PATH}/Work`, encode, (bytes) => WorkResponse.decode(bytes));
  // Ours is ended by cancelling it.
  stream.on('error', () => undefined);
  return stream;
}

test('a stream that is not read is closed, its handler ends, and the log says so', async () => {
  const call = deaf('Work');
  expect(await call.code).toBe(ENHANCE_YOUR_CALM);
  await ended.promise;
  expect(logger.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'closed a call whose peer does not read' }),
  );
});

test('so is a unary call whose reply is not read', async () => {
  expect(await deaf('ExtendLeases').code).toBe(ENHANCE_YOUR_CALM);
});

test('a stream that is read, or on which nothing is sent, may go on', async () => {
  pauseMs = 250;
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const stream = workOf(client);
  let received = 0;
  stream.on('data', () => (received += 1));
  while (received < 6) await pause(50);
  expect(logger.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  stream.cancel();
  await ended.promise;
  client.close();
});
