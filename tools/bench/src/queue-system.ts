/** Where a system's storage or servers are, for its producer and its worker. */
export interface Connection {
  /** Of PostgreSQL or Redis; of Orrery the address that takes tasks. */
  readonly url: string;
  /** Whether workers are woken by NOTIFY, where that is a choice. */
  readonly notify?: boolean;
  /** Of Orrery: where workers get their tasks and where they register, if not at `url`. */
  readonly scheduler?: string;
  readonly registry?: string;
  /** Where the events of all that happens go. */
  readonly nats?: string;
}

/** What a job carries: its number, and text that makes it about 100 bytes of JSON. */
export interface Job {
  readonly number: number;
  readonly text: string;
}

/** The side of a system that creates jobs. */
export interface Producer {
  /** Creates a job; resolves once the system says that it is stored. */
  createOne(job: Job): Promise<unknown>;
  /** Creates up to 1,000 jobs in one bulk call. */
  createMany(jobs: readonly Job[]): Promise<unknown>;
  /** How many jobs the storage has that are not finished. */
  unfinished(): Promise<number>;
  close(): Promise<void>;
}

/** The side of a system that runs jobs. */
export interface RunningWorker {
  /** Stops once everything that was finished is stored. */
  stop(): Promise<void>;
}

/** A task queue, tuned as its own documentation says. Its file is loaded by the producer and by the worker process alone. */
export interface QueueSystem {
  /** Prepares empty storage and connects. */
  openProducer(connection: Connection): Promise<Producer>;
  /** Starts to run jobs; `onJob` is the whole handler. */
  startWorker(connection: Connection, onJob: (job: Job) => void): Promise<RunningWorker>;
}
