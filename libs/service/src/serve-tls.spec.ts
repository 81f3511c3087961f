import { Duration } from '@orrery/duration';
import { TEST_CERTIFICATE, TEST_KEY } from '@orrery/testing';
import { ChannelCredentials, createChannel, createClient, Status } from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';
import type { Logger } from './logger.ts';
import { serve, type TlsOptions } from './serve.ts';

const key = Buffer.from(TEST_KEY);
const certificate = Buffer.from(TEST_CERTIFICATE);

const silent = (): void => {};
const logger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

async function check(tls: TlsOptions, credentials: ChannelCredentials): Promise<unknown> {
  const options = { modules: [], host: '127.0.0.1', port: 0, logger, tls, shutdownGrace: Duration.ofSeconds(10) };
  const server = await serve(options);
  const channel = createChannel(`127.0.0.1:${server.port}`, credentials);
  try {
    return await createClient(HealthDefinition, channel).check({ service: '' });
  } finally {
    channel.close();
    await server.stop();
  }
}

test('serves those who know the certificate', async () => {
  expect(await check({ certificate, key }, ChannelCredentials.createSsl(certificate))).toEqual({ status: 1 });
});

test('does not serve without encryption', async () => {
  const refused = check({ certificate, key }, ChannelCredentials.createInsecure());
  await expect(refused).rejects.toMatchObject({ code: Status.UNAVAILABLE });
});

test('asks for a certificate where an authority is given', async () => {
  const tls = { certificate, key, clientAuthority: certificate };
  const known = ChannelCredentials.createSsl(certificate, key, certificate);
  expect(await check(tls, known)).toEqual({ status: 1 });
  const stranger = ChannelCredentials.createSsl(certificate);
  await expect(check(tls, stranger)).rejects.toMatchObject({ code: Status.UNAVAILABLE });
});
