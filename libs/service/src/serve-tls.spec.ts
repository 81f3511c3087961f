import { Duration } from '@orrery/duration';
import { ChannelCredentials, createChannel, createClient, Status } from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';
import type { Logger } from './logger.ts';
import { serve, type TlsOptions } from './serve.ts';

// Made for this spec alone, for "localhost" and 127.0.0.1, good from 2020 to 2120, signed by itself.
const key = Buffer.from(`-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIxqGFIjnn/AV4YEc
dJqlMKqZ0ABoqTVnlHqEGZe5AI+hRANCAASsZdjLNRGc3vEbxfy6v8OcJcjM25zi
OHvlbq/YtRSiDMq3zFSFZSgy2AZtC3mpOsNAN+JKukr1zQLQ/daP2hdq
-----END PRIVATE KEY-----`);
const certificate = Buffer.from(`-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKxl2Ms1EZze8RvF
/Lq/w5wlyMzbnOI4e+Vur9i1FKIMyrfMVIVlKDLYBm0Leak6w0A34kq6SvXNAtD9
1o/aF2qjTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBSYKLf1g8+C9oQXcaikZvex/fHq2TAKBggqhkjOPQQD
AgNJADBGAiEArvJFXkF7LEog03n8pA8qb8l5/KvWS+pMNnAFKIVaLc4CIQCDpqEd
3sX6IV19JaBVHegV05HWambIfIHPwmP8NMrpKw==
-----END CERTIFICATE-----`);

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
