export { type Addresses, type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export { type LogEntry } from './log-entry.ts';
export { type Counts, PROCESS_KINDS, type ProcessKind, type ProcessSpec } from './process-spec.ts';
export { type ClusterProcess } from './supervised-process.ts';
