import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT_TYPES } from '@orrery/core';
import { Arrivals, recordingLogger, startEphemeralNats, taskEvent, TEST_CERTIFICATE, TEST_KEY } from '@orrery/testing';
import { nkeys } from '@nats-io/transport-node';
import type { NatsAddress } from './nats-address.ts';
import { openNatsBus } from './nats-bus.ts';
import { credentialsOf, operatorConfig } from './test-accounts.ts';

const SECRET = 'my secret/%';
let folder: string;
let certFile: string;
let keyFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-nats-login-'));
  certFile = await file('server.pem', TEST_CERTIFICATE);
  keyFile = await file('server.key', TEST_KEY);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

/** Starts a server, has an event published and consumed on it, and returns everything that was logged. */
async function tellOnce(
  config: string,
  addressOf: (url: string) => NatsAddress,
  expected: 'arrives' | 'is refused' = 'arrives',
): Promise<string> {
  const server = await startEphemeralNats({ config });
  const logger = recordingLogger();
  const bus = await openNatsBus({ ...addressOf(server.url), logger });
  try {
    const arrivals = new Arrivals();
    await bus.consume({ name: 'reader', types: EVENT_TYPES }, arrivals.take);
    const event = taskEvent('told', 1);
    if (expected === 'arrives') {
      await bus.publish([event]);
      await arrivals.find(event);
    } else {
      await expect(bus.publish([event])).rejects.toThrow('NATS cannot be reached');
    }
    return logger.lines.map((line) => JSON.stringify(line, withErrors)).join('\n');
  } finally {
    await bus.close();
    await server.stop();
  }
}

function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value;
}

const withLogin = (url: string, login: string): string => url.replace('://', `://${login}@`);

describe('by user and password', () => {
  const config = `authorization { user: orrery, password: "${SECRET}" }`;

  test('in the URL', async () => {
    const login = `orrery:${encodeURIComponent(SECRET)}`;
    const log = await tellOnce(config, (url) => ({ servers: withLogin(url, login) }));
    expect(log).not.toContain('secret');
  });

  test('a wrong one is refused, tried again, and not logged', async () => {
    const log = await tellOnce(config, (url) => ({ servers: withLogin(url, 'orrery:secret-but-wrong') }), 'is refused');
    expect(log).toContain('NATS cannot be reached; trying again');
    expect(log).not.toContain('secret');
  });
});

test('by a token in the URL', async () => {
  const log = await tellOnce(`authorization { token: "${SECRET}" }`, (url) => ({
    servers: withLogin(url, encodeURIComponent(SECRET)),
  }));
  expect(log).not.toContain('secret');
});

test('by an nkey in a file', async () => {
  const user = nkeys.createUser();
  const seed = new TextDecoder().decode(user.getSeed());
  const nkeyFile = await file('user.nk', `${seed}\n`);
  const config = `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`;
  const log = await tellOnce(config, (url) => ({ servers: url, nkeyFile }));
  expect(log).not.toContain(seed);
});

test('by a credentials file', async () => {
  const { config, account } = operatorConfig();
  const credentials = credentialsOf(account, 'orrery');
  const credentialsFile = await file('orrery.creds', credentials);
  const log = await tellOnce(config, (url) => ({ servers: url, credentialsFile }));
  expect(log).not.toContain(credentials.split('\n')[1]);
});

describe('over TLS', () => {
  const tls = (more: string): string => `tls { cert_file: "${certFile}", key_file: "${keyFile}" ${more} }`;

  test("with an authority of one's own", async () => {
    await tellOnce(tls(''), (url) => ({ servers: url.replace('nats:', 'tls:'), tls: { caFile: certFile } }));
  });

  test('with a certificate on both sides', async () => {
    await tellOnce(tls(`, ca_file: "${certFile}", verify: true`), (url) => ({
      servers: url,
      tls: { caFile: certFile, certFile, keyFile },
    }));
  });

  test('a server whose certificate nobody vouches for is not spoken to', async () => {
    const log = await tellOnce(tls(''), (url) => ({ servers: url.replace('nats:', 'tls:') }), 'is refused');
    expect(log).toContain('NATS cannot be reached; trying again');
  });
});
