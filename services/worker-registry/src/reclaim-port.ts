/** What the registry asks of the scheduler, in this process or another. */
export interface ReclaimPort {
  /** Takes back what a lost worker holds, but for leases it took or extended after `heldSince`; returns how many. */
  reclaimWorker(worker: {
    readonly namespace: string;
    readonly workerId: string;
    readonly heldSince: Date;
  }): Promise<number>;
}
