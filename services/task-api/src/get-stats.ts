import { durationToProto, type taskv1 } from '@orrery/contracts';
import { compareIds, type TaskStore } from '@orrery/core';
import { Checks } from '@orrery/service';

/** The live tasks of a namespace, counted by queue, and by type if that is asked for. */
export async function getStats(store: TaskStore, request: taskv1.GetStatsRequest): Promise<taskv1.QueueStats[]> {
  const checks = new Checks();
  const name = checks.name('namespace', request.namespace, { default: 'default' });
  checks.done();
  const { byType } = request;
  const own = (await store.stats({ byType })).filter((stats) => stats.namespace === name);
  return own
    .map(({ queue, type = '', ready, scheduled, running, oldestReadyFor }) => ({
      queue,
      type,
      readyCount: BigInt(ready),
      scheduledCount: BigInt(scheduled),
      runningCount: BigInt(running),
      oldestReadyAge: oldestReadyFor ? durationToProto(oldestReadyFor) : undefined,
    }))
    .sort((a, b) => compareIds(a.queue, b.queue) || compareIds(a.type, b.type));
}
