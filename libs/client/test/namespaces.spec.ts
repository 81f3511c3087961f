import { namespacev1 } from '@orrery/contracts';
import { namespaceNotFound, quotaExceeded } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { refuseCall } from '@orrery/rpc/testing';
import { createServer } from 'nice-grpc';
import { type Client, createClient } from '../src/index.ts';

/** Answers as the real service does, one namespace a page, and keeps what it was sent. */
function answering(sent: namespacev1.Namespace[]): namespacev1.NamespaceServiceImplementation {
  return {
    async setNamespace({ namespace }, context) {
      if (!namespace || namespace.name === 'full') {
        const what = { namespace: 'full', quota: 'max_live_tasks', limit: '1', room: 0 } as const;
        throw refuseCall(context, quotaExceeded({ ...what, retryAfter: Duration.ofMillis(1500) }));
      }
      const now = new Date('2030-01-01T00:00:00Z');
      sent.push(namespace);
      return {
        namespace: { ...namespace, createTime: now, updateTime: now },
        outcome: sent.length === 1 ? namespacev1.SetOutcome.CREATED : namespacev1.SetOutcome.UPDATED,
      };
    },
    async getNamespace({ name }, context) {
      throw refuseCall(context, namespaceNotFound(name));
    },
    async listNamespaces({ pageToken }) {
      const index = Number(pageToken);
      const namespace = sent[index];
      const now = new Date('2030-01-01T00:00:00Z');
      return {
        namespaces: namespace ? [{ ...namespace, createTime: now, updateTime: now }] : [],
        nextPageToken: index + 1 < sent.length ? String(index + 1) : '',
      };
    },
  };
}

describe('namespaces', () => {
  const server = createServer();
  const sent: namespacev1.Namespace[] = [];
  let client: Client;

  beforeAll(async () => {
    server.add(namespacev1.NamespaceServiceDefinition, answering(sent));
    client = createClient({ address: `127.0.0.1:${await server.listen('127.0.0.1:0')}` });
  });
  afterAll(async () => {
    await client.close();
    server.forceShutdown();
  });

  it('are set with what was said, and nothing else', async () => {
    const createRate = { count: 5, per: '1m', burst: 2 } as const;
    const { namespace, outcome } = await client.namespaces.set('shop', { strict: true, maxLiveTasks: 10, createRate });
    expect(outcome).toBe('CREATED');
    expect(namespace).toMatchObject({ name: 'shop', description: '', strict: true, closed: false });
    expect(namespace.quotas).toEqual({
      maxLiveTasks: 10,
      maxPayloadBytes: null,
      createRate: { count: 5, period: Duration.of({ minutes: 1 }), burst: 2 },
    });
    expect((await client.namespaces.set('other')).outcome).toBe('UPDATED');
    expect(sent[1]).toMatchObject({ strict: false, quotas: { maxLiveTasks: 0, createRate: undefined } });
  });

  it('are listed, page after page', async () => {
    const names: string[] = [];
    for await (const { name } of client.namespaces.list()) names.push(name);
    expect(names).toEqual(['shop', 'other']);
  });

  it('are refused with a reason, and with when to try again', async () => {
    await expect(client.namespaces.get('nobody')).rejects.toMatchObject({
      name: 'OrreryError',
      code: 'NOT_FOUND',
      reason: 'NAMESPACE_NOT_FOUND',
      retryAfter: undefined,
    });
    await expect(client.namespaces.set('full')).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'QUOTA_EXCEEDED',
      metadata: { quota: 'max_live_tasks', limit: '1', room: '0' },
      retryAfter: Duration.ofMillis(1500),
    });
  });
});
