import type { Scenario } from '../scenario.ts';
import { clockSkew } from './clock-skew.ts';
import { fullDisk } from './full-disk.ts';
import { fullDiskSqlite } from './full-disk-sqlite.ts';
import { kills } from './kills.ts';
import { natsDown } from './nats-down.ts';
import { natsStreamDeleted } from './nats-stream-deleted.ts';
import { networkCut } from './network-cut.ts';
import { pauses } from './pauses.ts';
import { postgresRestart } from './postgres-restart.ts';
import { replyLost } from './reply-lost.ts';
import { slowReader } from './slow-reader.ts';

/** Every scenario, in the order in which they are run. */
export const SCENARIOS: readonly Scenario[] = [
  kills,
  postgresRestart,
  natsDown,
  natsStreamDeleted,
  pauses,
  networkCut,
  replyLost,
  clockSkew,
  slowReader,
  fullDisk,
  fullDiskSqlite,
];
