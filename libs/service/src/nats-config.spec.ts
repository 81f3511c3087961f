import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { natsConfig, natsOptions } from './nats-config.ts';
import { ConfigError, readEnv } from './read-env.ts';

const HERE = fileURLToPath(import.meta.url);

function read(env: Record<string, string>) {
  return natsOptions(readEnv(z.object(natsConfig()), env));
}

function problemOf(env: Record<string, string>): string {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the configuration was taken');
}

test('without a URL there is no NATS', () => {
  expect(read({})).toBeNull();
});

test('servers of a cluster, with a login in the URL', () => {
  const servers = ['nats://orrery:secret%2F1@a:4222', 'tls://b:4222'];
  expect(read({ ORRERY_NATS_URL: servers.join(', ') })).toMatchObject({ servers });
});

test('credentials, certificates and replicas', () => {
  const env = {
    ORRERY_NATS_URL: 'tls://a',
    ORRERY_NATS_CREDS_FILE: HERE,
    ORRERY_NATS_TLS_CA: HERE,
    ORRERY_NATS_TLS_CERT: HERE,
    ORRERY_NATS_TLS_KEY: HERE,
    ORRERY_NATS_REPLICAS: '5',
  };
  const tls = { caFile: HERE, certFile: HERE, keyFile: HERE };
  expect(read(env)).toEqual({ servers: ['tls://a'], credentialsFile: HERE, nkeyFile: undefined, replicas: 5, tls });
});

test('an authority alone means encryption, too', () => {
  expect(read({ ORRERY_NATS_URL: 'nats://a', ORRERY_NATS_TLS_CA: HERE })).toMatchObject({ tls: { caFile: HERE } });
});

test.each(['nats://user:secret 1@a', 'nats://user:secret%@a', 'http://user:secret@a', 'nats://user:secret@a/b'])(
  '%s is refused, and what is secret in it is not repeated',
  (url) => {
    const problem = problemOf({ ORRERY_NATS_URL: url });
    expect(problem).toContain('ORRERY_NATS_URL');
    expect(problem).not.toContain('secret');
  },
);

test('files that are not there are named', () => {
  const env = { ORRERY_NATS_URL: 'nats://a', ORRERY_NATS_CREDS_FILE: '/nowhere/a', ORRERY_NATS_TLS_CA: '/nowhere/b' };
  const problem = problemOf(env);
  expect(problem).toMatch(/ORRERY_NATS_CREDS_FILE[^]*ORRERY_NATS_TLS_CA/);
});

test('what does not go together is said, all at once', () => {
  const both = { ORRERY_NATS_CREDS_FILE: HERE, ORRERY_NATS_NKEY_FILE: HERE, ORRERY_NATS_TLS_CERT: HERE };
  expect(problemOf(both).split('\n')).toHaveLength(4);
});
