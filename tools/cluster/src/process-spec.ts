import type { Duration } from '@orrery/duration';

/** What a process of the cluster may be, in the order in which they are started. */
export const PROCESS_KINDS = [
  'postgres',
  'nats',
  'task-api',
  'scheduler',
  'worker-registry',
  'assessment-logger',
  'worker',
] as const;

/** What a process of the cluster is. */
export type ProcessKind = (typeof PROCESS_KINDS)[number];

/** How many of each there are; without `nats` the services do without it. */
export type Counts = Readonly<Record<Exclude<ProcessKind, 'postgres'>, number>>;

/** How a process is run. */
export interface ProcessSpec {
  readonly name: string;
  readonly kind: ProcessKind;
  /** "host:port" where it listens; null if it does not. */
  readonly address: string | null;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whom it runs as; as this process unless given. */
  readonly owner?: Owner | undefined;
  /** Whether a line of its output says that it is ready. */
  readonly isReady: (line: string) => boolean;
  /** How long it may take to become ready. */
  readonly readyWithin: Duration;
  /** Asks it to end in good order. */
  readonly stopSignal: NodeJS.Signals;
}

/** A user of the operating system. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
