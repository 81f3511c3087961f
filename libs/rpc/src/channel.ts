import { Channel, ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { addressListTarget } from './address-list-resolver.ts';

/** How a connection is secured. */
export interface TlsOptions {
  /** The certificate authorities to trust, as PEM. Default: those of Node. */
  readonly rootCertificates?: Buffer;
  /** The client's certificate and key as PEM, where the server asks for them. */
  readonly certificate?: Buffer;
  readonly privateKey?: Buffer;
}

/** Where the servers are, and how to reach them. */
export interface ConnectionOptions {
  /** `host:port`, or several of them, in a list or separated by commas, among which calls are spread. */
  readonly address: string | readonly string[];
  /** True: TLS with Node's certificate authorities. Default: no TLS. */
  readonly tls?: boolean | TlsOptions | undefined;
}

// A result of 1 MiB beside params of 1 MiB and failed attempts must fit, whatever the server's own limit on replies.
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** What every channel is opened with. */
const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  // The calls retry by themselves, with the same request id; a second layer below would only multiply the attempts.
  'grpc.enable_retries': 0,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

/** Opens a channel; it connects with the first call. Throws a RangeError if there is no address. */
export function openChannel({ address, tls }: ConnectionOptions): Channel {
  const addresses = typeof address === 'string' ? address.split(',').map((each) => each.trim()) : address;
  const [first] = addresses;
  if (!first || addresses.includes('')) throw new RangeError('an address of the form host:port is required');
  const target = addresses.length === 1 ? first : addressListTarget(addresses);
  return new Channel(target, credentialsOf(tls), CHANNEL_OPTIONS);
}

function credentialsOf(tls: ConnectionOptions['tls']): ChannelCredentials {
  if (!tls) return ChannelCredentials.createInsecure();
  if (tls === true) return ChannelCredentials.createSsl();
  const { rootCertificates = null, privateKey = null, certificate = null } = tls;
  return ChannelCredentials.createSsl(rootCertificates, privateKey, certificate);
}
