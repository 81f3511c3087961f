import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { reflectionv1, workerv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { type Channel, createChannel, createClient } from 'nice-grpc';
import type { Logger } from './logger.ts';
import { serve, type RunningServer } from './serve.ts';
import { bind, type ServiceModule } from './service-module.ts';

type Ask = NonNullable<reflectionv1.ServerReflectionRequest['messageRequest']>;

const none = async (): Promise<never> => {
  throw new Error('not called');
};
const nothing = async (): Promise<void> => {};
const silent = (): void => {};
const logger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
const workers: ServiceModule = {
  name: 'workers',
  bindings: [
    bind(workerv1.WorkerServiceDefinition, {
      registerWorker: none,
      heartbeatWorker: none,
      deregisterWorker: none,
      drainWorker: none,
      getWorker: none,
      listWorkers: none,
    }),
  ],
  start: nothing,
  drain: nothing,
  stop: nothing,
};

const v1 = reflectionv1.ServerReflectionDefinition;
const v1alpha = { ...v1, fullName: 'grpc.reflection.v1alpha.ServerReflection' };

let server: RunningServer;
let channel: Channel;

beforeAll(async () => {
  const shutdownGrace = Duration.ofSeconds(10);
  server = await serve({ modules: [workers], host: '127.0.0.1', port: 0, logger, shutdownGrace });
  channel = createChannel(`127.0.0.1:${server.port}`);
});

afterAll(async () => {
  channel.close();
  await server.stop();
});

async function ask(definition: typeof v1 | typeof v1alpha, question: Ask) {
  const client = createClient(definition, channel);
  async function* requests() {
    yield { host: 'here', messageRequest: question };
  }
  for await (const response of client.serverReflectionInfo(requests())) return response;
  throw new Error('no answer');
}

describe.each([v1, v1alpha])('$fullName', (definition) => {
  test('lists the services', async () => {
    const { messageResponse } = await ask(definition, { $case: 'listServices', value: '' });
    expect(messageResponse).toEqual({
      $case: 'listServicesResponse',
      value: {
        service: [
          { name: 'grpc.health.v1.Health' },
          { name: 'grpc.reflection.v1.ServerReflection' },
          { name: 'orrery.worker.v1.WorkerService' },
        ],
      },
    });
  });

  test.each([
    'orrery.worker.v1.WorkerService',
    'orrery.worker.v1.WorkerService.GetWorker',
    'orrery.worker.v1.Worker',
    'orrery.worker.v1.Worker.health_reason',
    'orrery.worker.v1.WorkerState',
    'orrery.worker.v1.WORKER_STATE_LOST',
    'orrery.worker.v1.Worker.LabelsEntry',
  ])('has the file that contains %s, with all it imports', async (value) => {
    const { messageResponse, originalRequest } = await ask(definition, { $case: 'fileContainingSymbol', value });
    expect(originalRequest?.messageRequest).toEqual({ $case: 'fileContainingSymbol', value });
    if (messageResponse?.$case !== 'fileDescriptorResponse') throw new Error(JSON.stringify(messageResponse));
    const files = messageResponse.value.fileDescriptorProto.map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    expect(files[0]?.name).toMatch(/^orrery\/worker\/v1\/worker(_service)?\.proto$/);
    // Complete: a registry can be made of them.
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files.toReversed() }));
    expect(registry.getMessage('orrery.worker.v1.Worker')?.fields).toHaveLength(15);
  });

  test('has files by name', async () => {
    const value = 'google/protobuf/duration.proto';
    const { messageResponse } = await ask(definition, { $case: 'fileByFilename', value });
    expect(messageResponse).toMatchObject({ $case: 'fileDescriptorResponse', value: { fileDescriptorProto: [{}] } });
  });

  test.each<Ask>([
    { $case: 'fileByFilename', value: 'no/such.proto' },
    { $case: 'fileContainingSymbol', value: 'orrery.worker.v1.Nobody' },
    { $case: 'fileContainingSymbol', value: 'orrery.worker.v1.Worker.nothing' },
    { $case: 'allExtensionNumbersOfType', value: 'orrery.worker.v1.Nobody' },
    { $case: 'fileContainingExtension', value: { containingType: 'orrery.worker.v1.Worker', extensionNumber: 1 } },
  ])('does not find $case $value', async (question) => {
    const { messageResponse } = await ask(definition, question);
    expect(messageResponse).toMatchObject({ $case: 'errorResponse', value: { errorCode: 5 } });
  });
});

test('a stream that stays open does not hold up a stop', async () => {
  const shutdownGrace = Duration.ofSeconds(60);
  const other = await serve({ modules: [], host: '127.0.0.1', port: 0, logger, shutdownGrace });
  const toOther = createChannel(`127.0.0.1:${other.port}`);
  const open = Promise.withResolvers<void>();
  async function* requests() {
    yield { host: '', messageRequest: { $case: 'listServices', value: '' } as const };
    await open.promise;
  }
  const answers = createClient(v1, toOther).serverReflectionInfo(requests())[Symbol.asyncIterator]();
  await answers.next();
  const stopped = other.stop();
  expect((await answers.next()).done).toBe(true);
  open.resolve();
  await stopped;
  toOther.close();
});
