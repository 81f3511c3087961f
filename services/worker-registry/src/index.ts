export { createWorkerRegistryService, type WorkerRegistryParts } from './worker-registry.ts';
export type { ReclaimPort } from './reclaim-port.ts';
