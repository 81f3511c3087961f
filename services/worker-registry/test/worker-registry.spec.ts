import { refusalFromStatus, workerv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { createLogger, serve } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { FakeClock } from '@orrery/testing';
import { createChannel, createClient } from 'nice-grpc';
import type { CallOptions, Metadata } from 'nice-grpc-common';
import { createWorkerRegistryService } from '../src/index.ts';
import { startLostLoop } from '../src/lost-loop.ts';

const PROGRESS = { running: 2, succeeded: 10n, failed: 1n, lastFinishTime: undefined };

async function startRegistry() {
  const clock = new FakeClock();
  const store = openMemoryStore({ clock });
  const logger = createLogger({ level: 'error', format: 'json' });
  const reclaimed: { workerId: string; heldSince: Date }[] = [];
  const scheduler = {
    reclaimWorker: async ({ workerId, heldSince }: { workerId: string; heldSince: Date }) => {
      reclaimed.push({ workerId, heldSince });
      return 3;
    },
  };
  const registry = createWorkerRegistryService({ store, scheduler, logger, clock });
  const server = await serve({
    modules: [registry],
    host: '127.0.0.1',
    port: 0,
    logger,
    shutdownGrace: Duration.ofSeconds(2),
  });
  const channel = createChannel(`127.0.0.1:${server.port}`);
  return {
    clock,
    reclaimed,
    workers: createClient(workerv1.WorkerServiceDefinition, channel),
    /** Looks for silent workers now. */
    async lookForLost() {
      await startLostLoop({ store: store.workers, scheduler, logger }).stop();
    },
    async stop() {
      channel.close();
      await server.stop();
      await store.close();
    },
  };
}

function profile(id: string, fields: Partial<workerv1.Worker> = {}): workerv1.Worker {
  return {
    ...workerv1.Worker.decode(new Uint8Array()),
    id,
    concurrency: 10,
    hostname: 'host',
    processId: 7,
    ...fields,
  };
}

describe('the worker-registry', () => {
  let fixture: Awaited<ReturnType<typeof startRegistry>>;

  beforeEach(async () => {
    fixture = await startRegistry();
  });

  afterEach(() => fixture.stop());

  const look = async (workerId: string) => (await fixture.workers.getWorker({ namespace: '', workerId })).worker;

  async function reasonOf(call: (options: CallOptions) => Promise<unknown>): Promise<string | undefined> {
    let trailer: Metadata | undefined;
    await expect(call({ onTrailer: (metadata) => (trailer = metadata) })).rejects.toThrow();
    const details = trailer?.get('grpc-status-details-bin');
    return refusalFromStatus(details instanceof Uint8Array ? details : undefined)?.reason;
  }

  it('puts a worker on record, with what it says of itself and how often to beat', async () => {
    const worker = profile('w1', { queues: ['a'], types: ['x.*'], labels: { zone: 'eu' } });
    const reply = await fixture.workers.registerWorker({ worker });
    expect(reply.heartbeatInterval).toEqual({ seconds: 30n, nanos: 0 });
    expect(await look('w1')).toMatchObject({
      namespace: 'default',
      queues: ['a'],
      types: ['x.*'],
      labels: { zone: 'eu' },
      state: workerv1.WorkerState.ACTIVE,
      health: workerv1.WorkerHealth.HEALTHY,
    });
  });

  it('judges health by the age of the last heartbeat: degraded beyond 60 s, unhealthy beyond 120 s', async () => {
    await fixture.workers.registerWorker({ worker: profile('w1') });
    const health = async () => (await look('w1'))?.health;
    fixture.clock.advance(Duration.ofSeconds(60));
    expect(await health()).toBe(workerv1.WorkerHealth.HEALTHY);
    fixture.clock.advance(Duration.ofMillis(1));
    expect(await health()).toBe(workerv1.WorkerHealth.DEGRADED);
    fixture.clock.advance(Duration.ofSeconds(60));
    expect(await health()).toBe(workerv1.WorkerHealth.UNHEALTHY);
    await fixture.workers.heartbeatWorker({ namespace: '', workerId: 'w1', progress: PROGRESS });
    expect(await look('w1')).toMatchObject({ health: workerv1.WorkerHealth.HEALTHY, progress: PROGRESS });
  });

  it('passes a drain on with the next heartbeat', async () => {
    await fixture.workers.registerWorker({ worker: profile('w1') });
    const beat = () => fixture.workers.heartbeatWorker({ namespace: '', workerId: 'w1', progress: undefined });
    expect(await beat()).toEqual({ shouldDrain: false });
    await fixture.workers.drainWorker({ namespace: '', workerId: 'w1' });
    expect(await beat()).toEqual({ shouldDrain: true });
    await fixture.workers.deregisterWorker({ namespace: '', workerId: 'w1' });
    expect(await look('w1')).toMatchObject({
      state: workerv1.WorkerState.STOPPED,
      healthReason: 'Worker is stopped',
    });
  });

  it('marks a silent worker as lost and has the scheduler take back what it held since its last heartbeat', async () => {
    await fixture.workers.registerWorker({ worker: profile('silent') });
    await fixture.workers.registerWorker({ worker: profile('alive') });
    const lastBeat = fixture.clock.now();
    fixture.clock.advance(Duration.ofSeconds(121));
    await fixture.workers.heartbeatWorker({ namespace: '', workerId: 'alive', progress: undefined });
    await fixture.lookForLost();
    expect(fixture.reclaimed).toEqual([{ workerId: 'silent', heldSince: lastBeat }]);
    expect((await look('silent'))?.state).toBe(workerv1.WorkerState.LOST);
    expect((await look('alive'))?.state).toBe(workerv1.WorkerState.ACTIVE);
    await fixture.workers.heartbeatWorker({ namespace: '', workerId: 'silent', progress: undefined });
    expect((await look('silent'))?.state).toBe(workerv1.WorkerState.ACTIVE);
  });

  it('lists workers by id, by state, in pages', async () => {
    for (const id of ['c', 'a', 'd', 'b']) await fixture.workers.registerWorker({ worker: profile(id) });
    await fixture.workers.deregisterWorker({ namespace: '', workerId: 'd' });
    const request = { namespace: '', states: [workerv1.WorkerState.ACTIVE], pageSize: 2, pageToken: '' };
    const first = await fixture.workers.listWorkers(request);
    expect(first.workers.map(({ id }) => id)).toEqual(['a', 'b']);
    const second = await fixture.workers.listWorkers({ ...request, pageToken: first.nextPageToken });
    expect(second.workers.map(({ id }) => id)).toEqual(['c']);
    expect(second.nextPageToken).toBe('');
  });

  it('refuses what it cannot know, and profiles that are wrong', async () => {
    const nobody = { namespace: '', workerId: 'nobody' };
    expect(await reasonOf((o) => fixture.workers.getWorker(nobody, o))).toBe('WORKER_NOT_FOUND');
    expect(await reasonOf((o) => fixture.workers.drainWorker(nobody, o))).toBe('WORKER_NOT_FOUND');
    const beat = { ...nobody, progress: undefined };
    expect(await reasonOf((o) => fixture.workers.heartbeatWorker(beat, o))).toBe('WORKER_NOT_FOUND');
    expect(await reasonOf((o) => fixture.workers.registerWorker({ worker: undefined }, o))).toBe('INVALID_FIELD');
    const wrong = profile('w', { labels: { 'a b': '' } });
    expect(await reasonOf((o) => fixture.workers.registerWorker({ worker: wrong }, o))).toBe('INVALID_FIELD');
  });
});
