import {
  type JetStreamManager,
  jetstreamManager,
  JetStreamApiCodes,
  JetStreamApiError,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { EVENT_TYPES } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { BusLogger } from './bus-logger.ts';

/** How events are kept on NATS. */
export interface StreamSettings {
  /** The stream's name. Default "ORRERY"; dead letters go to one named like it with "_DEAD" behind. */
  readonly stream?: string | undefined;
  /** On how many servers. Default 3 in a cluster, else 1. */
  readonly replicas?: number | undefined;
  /** How long events are kept. Default 7 days. */
  readonly maxAge?: Duration | undefined;
  /** For how long NATS drops what it was told before. Default 2 minutes. */
  readonly duplicateWindow?: Duration | undefined;
}

/** How long dead letters are kept. */
const DEAD_MAX_AGE = Duration.of({ days: 30 });

const CLUSTER_REPLICAS = 3;

/** The streams of the bus: made when they are missing, brought up to date, and looked at for what is weaker than it should be. */
export class NatsStreams {
  readonly name: string;
  readonly deadName: string;
  readonly #connection: NatsConnection;
  readonly #settings: StreamSettings;
  readonly #logger: BusLogger;
  #replicas = 1;

  constructor(connection: NatsConnection, settings: StreamSettings, logger: BusLogger) {
    this.#connection = connection;
    this.#settings = settings;
    this.#logger = logger;
    this.name = settings.stream ?? 'ORRERY';
    this.deadName = `${this.name}_DEAD`;
  }

  /** Whether the stream is kept on one server only, as of the last look. */
  get isSingle(): boolean {
    return this.#replicas === 1;
  }

  /** Makes or updates the streams. Throws what the server says if it cannot. */
  async ensure(): Promise<JetStreamManager> {
    const manager = await jetstreamManager(this.#connection);
    const { maxAge = Duration.of({ days: 7 }), duplicateWindow = Duration.of({ minutes: 2 }) } = this.#settings;
    const events = await this.#ensureOne(manager, {
      name: this.name,
      description: "What happened in Orrery; the truth is in Orrery's database.",
      subjects: eventSubjects(),
      max_age: nanos(maxAge.toMillis()),
      duplicate_window: nanos(Math.min(duplicateWindow.toMillis(), maxAge.toMillis())),
    });
    await this.#ensureOne(manager, {
      name: this.deadName,
      description: 'Events that a consumer could not handle.',
      subjects: ['orrery.dead.v1.>'],
      max_age: nanos(DEAD_MAX_AGE.toMillis()),
      duplicate_window: nanos(duplicateWindow.toMillis()),
    });
    this.#replicas = events.config.num_replicas;
    return manager;
  }

  /** Says what about the server's settings may lose events. Orrery itself loses none: they can be replayed. */
  async reportWeaknesses(manager: JetStreamManager): Promise<void> {
    const { config } = await manager.streams.info(this.name);
    const warn = (problem: string): void => this.#logger.warn(`events on NATS: ${problem}`, { stream: this.name });
    if (config.storage === 'memory') warn('the stream is in memory; it is gone when the server stops');
    if (this.#isClustered() && config.num_replicas < CLUSTER_REPLICAS)
      warn(`the stream is on ${config.num_replicas} of the cluster's servers; it should be on ${CLUSTER_REPLICAS}`);
    if (config.no_ack === true) warn('the stream acknowledges nothing; publishing will fail');
    if (config.max_msgs > 0 || config.max_bytes > 0) warn('the stream is limited in size; it may drop events early');
    const version = this.#connection.info?.version ?? '';
    if (olderThan(version, 2, 10))
      warn(`server ${version} writes to disk every 2 minutes; from 2.10 on "sync_interval: always" is possible`);
    else this.#logger.info('nats-server should run with "sync_interval: always"; clients cannot see it', { version });
  }

  async #ensureOne(
    manager: JetStreamManager,
    wanted: Pick<StreamConfig, 'name' | 'description' | 'subjects' | 'max_age' | 'duplicate_window'>,
  ): Promise<StreamInfo> {
    const found = await findStream(manager, wanted.name);
    if (!found) return this.#add(manager, wanted);
    const { config } = found;
    const subjects = [...new Set([...config.subjects, ...wanted.subjects])];
    const changes = {
      ...(subjects.length > config.subjects.length && { subjects }),
      ...(config.max_age !== wanted.max_age && { max_age: wanted.max_age }),
      ...(config.duplicate_window !== wanted.duplicate_window && { duplicate_window: wanted.duplicate_window }),
    };
    const names = Object.keys(changes);
    if (names.length > 0) this.#logger.info('updating a stream on NATS', { stream: wanted.name, changes: names });
    const updated = names.length > 0 ? await manager.streams.update(wanted.name, changes) : found;
    return this.#replicate(manager, updated);
  }

  /** A stream that was made before the cluster had enough servers, or by somebody else, gets its replicas as soon as they can be had. */
  async #replicate(manager: JetStreamManager, stream: StreamInfo): Promise<StreamInfo> {
    const { name, num_replicas: found } = stream.config;
    const replicas = this.#settings.replicas ?? (this.#isClustered() ? Math.max(found, CLUSTER_REPLICAS) : found);
    if (replicas === found) return stream;
    this.#logger.info('changing how many servers keep a stream on NATS', { stream: name, from: found, to: replicas });
    try {
      return await manager.streams.update(name, { num_replicas: replicas });
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error;
      this.#logger.warn('the stream cannot have replicas', { stream: name, replicas, error });
      return stream;
    }
  }

  async #add(manager: JetStreamManager, wanted: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
    const config = {
      ...wanted,
      storage: 'file',
      retention: 'limits',
      // By age only: what is discarded is old, never new.
      discard: 'old',
      deny_purge: false,
    } as const;
    const replicas = this.#settings.replicas ?? (this.#isClustered() ? CLUSTER_REPLICAS : 1);
    this.#logger.info('making a stream on NATS', { stream: wanted.name, replicas });
    try {
      return await manager.streams.add({ ...config, num_replicas: replicas });
    } catch (error) {
      if (replicas === 1 || !(error instanceof JetStreamApiError)) throw error;
      this.#logger.warn('the stream cannot have replicas', { stream: wanted.name, replicas, error });
      return manager.streams.add({ ...config, num_replicas: 1 });
    }
  }

  #isClustered(): boolean {
    return this.#connection.info?.cluster !== undefined;
  }
}

/** The subjects of all nouns there are events of. */
function eventSubjects(): string[] {
  return [...new Set(EVENT_TYPES.map((type) => `${type.split('.').slice(0, 3).join('.')}.>`))];
}

async function findStream(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

/** Whether a server's version is lower. */
export function olderThan(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a < major || (a === major && b < minor);
}
