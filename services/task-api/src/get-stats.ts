import { durationToProto, type taskv1 } from '@orrery/contracts';
import { compareIds, type TaskStore } from '@orrery/core';
import { Checks } from '@orrery/service';

/** The live tasks of a namespace, counted by queue. */
export async function getStats(store: TaskStore, namespace: string): Promise<taskv1.QueueStats[]> {
  const checks = new Checks();
  const name = checks.name('namespace', namespace, { default: 'default' });
  checks.done();
  const own = (await store.stats()).filter((stats) => stats.namespace === name);
  return own
    .sort((a, b) => compareIds(a.queue, b.queue))
    .map(({ queue, ready, scheduled, running, oldestReadyFor }) => ({
      queue,
      readyCount: BigInt(ready),
      scheduledCount: BigInt(scheduled),
      runningCount: BigInt(running),
      oldestReadyAge: oldestReadyFor ? durationToProto(oldestReadyFor) : undefined,
    }));
}
