import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@orrery/client';
import { dispatchv1 } from '@orrery/contracts';
import { freePort, startProcess, type TestProcess } from '@orrery/testing';
import { createChannel, createClient as createStub } from 'nice-grpc';

const COUNT = 1000;
const FORMS = ['stream', 'batch', 'unary'];

describe('a worker that was stopped while its leases were taken over', () => {
  const processes: TestProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'orrery-stale-'));

  afterAll(async () => {
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  it('is refused with LEASE_LOST, 1,000 times of 1,000 in each form, and nothing is changed', async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const env = { ORRERY_PORT: String(port), ORRERY_DATA_DIR: join(folder, 'data'), ORRERY_LOG_LEVEL: 'error' };
    const server = startProcess(join(import.meta.dirname, '../src/main.ts'), env);
    processes.push(server);
    await server.line(/Orrery is ready/);
    const client = createClient({ address });
    for (const queue of FORMS) {
      await client.tasks.createMany(Array.from({ length: COUNT }, (_, i) => ({ type: 't', params: i, queue })));
    }

    const stale = startProcess(join(import.meta.dirname, 'stale-worker.ts'), {
      ADDRESS: address,
      COUNT: String(COUNT),
    });
    processes.push(stale);
    await stale.line(/^holding 3000$/);
    stale.signal('SIGSTOP');

    const channel = createChannel(address);
    const dispatch = createStub(dispatchv1.DispatchServiceDefinition, channel);
    const tokens = new Map<string, string>();
    for (const queue of FORMS) {
      for (let held = 0; held < COUNT;) {
        const { leases } = await dispatch.claimTasks({
          options: { ...dispatchv1.ClaimOptions.decode(new Uint8Array()), workerId: 'heir', queues: [queue] },
          maxTasks: COUNT - held,
          waitTimeout: { seconds: 20n, nanos: 0 },
        });
        held += leases.length;
        for (const lease of leases) tokens.set(lease.taskId, lease.leaseToken);
      }
    }

    const refused = stale.line(/^refused/);
    stale.say('go on');
    stale.signal('SIGCONT');
    const lost = { LEASE_LOST: COUNT };
    expect(JSON.parse((await refused).slice('refused '.length))).toEqual({ stream: lost, batch: lost, unary: lost });

    const completions = [...tokens].map(([taskId, leaseToken]) => ({
      lease: { taskId, leaseToken },
      result: undefined,
    }));
    for (let i = 0; i < completions.length; i += 1000) {
      const request = { namespace: '', completions: completions.slice(i, i + 1000) };
      const { results } = await dispatch.completeTasks(request);
      expect(results.every(({ error }) => error === undefined)).toBe(true);
    }
    channel.close();
    await client.close();
  }, 60_000);
});
