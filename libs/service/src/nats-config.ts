import { z } from 'zod';
import { ConfigError, readableFile } from './read-env.ts';

/** Where events go when several processes tell each other. */
export function natsConfig() {
  return {
    /**
     * NATS servers of one cluster, separated by commas: "nats://127.0.0.1:4222", "nats://user:password@host:4222",
     * "nats://token@host:4222", "tls://…". Unset: events are read from the database.
     */
    ORRERY_NATS_URL: z
      .string()
      .transform((text) => text.split(',').map((url) => url.trim()))
      // The message does not repeat what may hold a password.
      .pipe(z.array(z.string().refine(isNatsUrl, 'must be URLs such as "nats://localhost:4222"')))
      .optional(),
    /** A credentials file (.creds). */
    ORRERY_NATS_CREDS_FILE: readableFile().optional(),
    /** A file with an nkey's seed. */
    ORRERY_NATS_NKEY_FILE: readableFile().optional(),
    /** PEM files: who signed the servers' certificates, and what to show them. */
    ORRERY_NATS_TLS_CA: readableFile().optional(),
    ORRERY_NATS_TLS_CERT: readableFile().optional(),
    ORRERY_NATS_TLS_KEY: readableFile().optional(),
    /** On how many servers events are kept. Default: 3 in a cluster. */
    ORRERY_NATS_REPLICAS: z.coerce.number().int().min(1).max(5).optional(),
  };
}

type NatsSettings = Readonly<z.output<z.ZodObject<ReturnType<typeof natsConfig>>>>;

/** What a connection to NATS is made of; null where none is configured. Throws a ConfigError that names what does not go together. */
export function natsOptions(config: NatsSettings) {
  const { ORRERY_NATS_URL: servers, ORRERY_NATS_CREDS_FILE: credentialsFile, ORRERY_NATS_NKEY_FILE: nkeyFile } = config;
  const { ORRERY_NATS_TLS_CA: caFile, ORRERY_NATS_TLS_CERT: certFile, ORRERY_NATS_TLS_KEY: keyFile } = config;
  const problems: string[] = [];
  if (credentialsFile !== undefined && nkeyFile !== undefined)
    problems.push('ORRERY_NATS_CREDS_FILE and ORRERY_NATS_NKEY_FILE are both set; a connection needs one');
  if ((certFile === undefined) !== (keyFile === undefined))
    problems.push('ORRERY_NATS_TLS_CERT and ORRERY_NATS_TLS_KEY go together; one of them is not set');
  if (!servers && [credentialsFile, nkeyFile, caFile, certFile, keyFile].some((file) => file !== undefined))
    problems.push('ORRERY_NATS_URL is not set, but how to connect to it is');
  if (problems.length > 0) throw new ConfigError(`the configuration is wrong:\n  ${problems.join('\n  ')}`);
  if (!servers) return null;
  const encrypts = caFile !== undefined || certFile !== undefined;
  const replicas = config.ORRERY_NATS_REPLICAS;
  return { servers, credentialsFile, nkeyFile, replicas, ...(encrypts && { tls: { caFile, certFile, keyFile } }) };
}

function isNatsUrl(text: string): boolean {
  if (!/^(nats|tls):\/\/[^\s/]+$/.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
