import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@orrery/client';
import { assessmentv1 } from '@orrery/contracts';
import { freePort, startProcess, type TestProcess } from '@orrery/testing';
import { createChannel, createClient as createStub } from 'nice-grpc';

const MAIN = join(import.meta.dirname, '../src/main.ts');

describe('the audit trail of standalone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-audit-'));
  let server: TestProcess | undefined;

  afterAll(async () => {
    await server?.end('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('has what was written just before the process was killed', async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const start = async (): Promise<void> => {
      server = startProcess(MAIN, { ORRERY_PORT: String(port), ORRERY_DATA_DIR: folder, ORRERY_LOG_LEVEL: 'error' });
      await server.line(/Orrery is ready/);
    };
    await start();
    const client = createClient({ address });
    const handles = await client.tasks.createMany(Array.from({ length: 100 }, (_, i) => ({ type: 't', params: i })));
    await server?.end('SIGKILL');
    await start();
    await client.close();

    const channel = createChannel(address);
    const audit = createStub(assessmentv1.AuditServiceDefinition, channel);
    const empty = assessmentv1.ListAuditRecordsRequest.decode(new Uint8Array());
    const subjects = new Set<string>();
    while (subjects.size < 100) {
      const { records } = await audit.listAuditRecords({ ...empty, pageSize: 1_000 });
      for (const { event } of records) subjects.add(event?.subject ?? '');
    }
    expect(subjects).toEqual(new Set(handles.map(({ id }) => id)));
    channel.close();
  }, 30_000);
});
