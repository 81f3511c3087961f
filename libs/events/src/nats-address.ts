import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
} from '@nats-io/transport-node';

/** Where NATS is, and how to be let in. */
export interface NatsAddress {
  /** "host:port", "nats://user:password@host:port", "nats://token@host:port", or "tls://…"; several of one cluster. */
  readonly servers: string | readonly string[];
  /** The path of a credentials file (.creds): a JWT, and the seed that signs for it. */
  readonly credentialsFile?: string | undefined;
  /** The path of a file that holds an nkey's seed. */
  readonly nkeyFile?: string | undefined;
  /** Encrypts, also where the URL does not ask for it. */
  readonly tls?: NatsTls | undefined;
  /** How the connection is called in the server's reports. */
  readonly name?: string | undefined;
}

/** Paths of PEM files. All files are read again whenever a connection is made, so that they can be replaced. */
export interface NatsTls {
  /** Who may have signed the servers' certificates. Default: those the system trusts. */
  readonly caFile?: string | undefined;
  /** What to show the servers, and its key. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Options of the NATS client. Throws if a file cannot be read. */
export function readAddress({ servers, credentialsFile, nkeyFile, tls, name }: NatsAddress): ConnectionOptions {
  const urls = (typeof servers === 'string' ? servers.split(',') : servers).map(
    (server) => new URL(server.includes('://') ? server.trim() : `nats://${server.trim()}`),
  );
  const { username = '', password = '' } = urls.find((url) => url.username !== '') ?? {};
  const secure = tls ?? (urls.some((url) => url.protocol === 'tls:') ? {} : undefined);
  const authenticator = readAuthenticator(credentialsFile, nkeyFile);
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port || '4222'}`),
    ...(name !== undefined && { name }),
    ...(username !== '' &&
      password !== '' && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    ...(username !== '' && password === '' && { token: decodeURIComponent(username) }),
    ...(authenticator && { authenticator }),
    ...(secure && { tls: readTls(secure) }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    reconnectJitter: 250,
    // A password that is changed on both sides must not end the process.
    ignoreAuthErrorAbort: true,
    pingInterval: 15_000,
    maxPingOut: 2,
    timeout: 5_000,
  };
}

function readAuthenticator(
  credentialsFile: string | undefined,
  nkeyFile: string | undefined,
): Authenticator | undefined {
  if (credentialsFile !== undefined) return credsAuthenticator(rereading(credentialsFile));
  if (nkeyFile === undefined) return undefined;
  const seed = rereading(nkeyFile);
  return nkeyAuthenticator(() => new TextEncoder().encode(new TextDecoder().decode(seed()).trim()));
}

function readTls({ caFile, certFile, keyFile }: NatsTls): NonNullable<ConnectionOptions['tls']> {
  return {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
}

/** What a file holds now; while it is being replaced, what it held before. */
function rereading(path: string): () => Uint8Array {
  let content: Uint8Array = readFileSync(path);
  return () => {
    try {
      content = readFileSync(path);
    } catch {
      // Between two versions of it.
    }
    return content;
  };
}
