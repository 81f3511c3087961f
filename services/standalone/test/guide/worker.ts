import { createWorker as create, type Worker, type WorkerOptions } from '@orrery/worker';

export * from '@orrery/worker';

/** The worker as snippets of the guides import it: its server and namespace are the spec's unless a snippet names others. */
export function createWorker(options: WorkerOptions = {}): Worker {
  return create({
    address: process.env['ORRERY_ADDRESS'] ?? '',
    namespace: process.env['ORRERY_NAMESPACE'] ?? '',
    ...options,
  });
}
