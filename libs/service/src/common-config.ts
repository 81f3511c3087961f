import { Duration } from '@orrery/duration';
import { z } from 'zod';
import { LOG_LEVELS } from './logger.ts';
import { durationText, portNumber } from './read-env.ts';

/** What every service reads from its environment, with its own default port. */
export function commonConfig(defaultPort: number) {
  return {
    /** The address to listen on. */
    ORRERY_HOST: z.string().default('127.0.0.1'),
    /** The port to listen on; 0 is any free one. */
    ORRERY_PORT: portNumber().default(defaultPort),
    /** How much to log. */
    ORRERY_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
    /** How to log: JSON lines, lines for people, or whichever fits where stderr goes. */
    ORRERY_LOG_FORMAT: z.enum(['auto', 'json', 'text']).default('auto'),
    /** How long calls may go on after SIGTERM before they are cut off. */
    ORRERY_SHUTDOWN_GRACE: durationText().default(Duration.ofSeconds(10)),
    /** How long a peer may leave unread what it is sent before its call is closed. */
    ORRERY_UNREAD_LIMIT: durationText().default(Duration.ofSeconds(30)),
    /** The largest params, result or error, in bytes; at most 3 MiB, so that a message holds two. */
    ORRERY_MAX_PAYLOAD_BYTES: z.coerce
      .number()
      .int()
      .min(1024)
      .max(3 * 1024 * 1024)
      .default(1024 * 1024),
  };
}

/** Where the tasks are kept when several processes share them. */
export function databaseConfig() {
  return {
    /** A PostgreSQL URL. */
    ORRERY_DATABASE_URL: z
      .string({ error: 'is required: a PostgreSQL URL such as "postgres://user:password@host/orrery"' })
      .regex(/^postgres(ql)?:\/\//, 'must begin with "postgres://"'),
    /** How many connections to open at most. */
    ORRERY_DATABASE_POOL: z.coerce.number().int().min(1).max(100).default(10),
  };
}
