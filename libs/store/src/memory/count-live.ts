import type { QueueStats, RunningCount } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Row } from './task-table.ts';

/** Counts live tasks by queue and state, and perhaps by type. */
export function countLive(rows: Iterable<Row>, now: Date, byType: boolean): readonly QueueStats[] {
  const groups = Map.groupBy(rows, ({ task: { namespace, queue, type } }) =>
    [namespace, queue, byType ? type : ''].join('\0'),
  );
  return [...groups.values()].map((group) => ({
    ...countQueue(group, now),
    ...(byType && { type: group[0]?.task.type ?? '' }),
  }));
}

/** Counts the running tasks of a namespace by queue, type and key. */
export function countRunning(running: Iterable<Row>, namespace: string): readonly RunningCount[] {
  const own = [...running].filter(({ task }) => task.namespace === namespace);
  const places = Map.groupBy(own, ({ task: { queue, type, flowKey } }) => JSON.stringify([queue, type, flowKey]));
  return [...places].map(([place, { length }]) => {
    const [queue, type, flowKey] = JSON.parse(place) as [string, string, string];
    return { queue, type, flowKey, count: length };
  });
}

function countQueue(rows: readonly Row[], now: Date): QueueStats {
  const ready = rows.filter((row) => row.ready);
  const running = rows.filter(({ task }) => task.status === 'RUNNING').length;
  const longest = ready.reduce((most, { task }) => Math.max(most, now.getTime() - task.runAt.getTime()), 0);
  return {
    namespace: rows[0]?.task.namespace ?? '',
    queue: rows[0]?.task.queue ?? '',
    ready: ready.length,
    scheduled: rows.length - ready.length - running,
    running,
    oldestReadyFor: ready.length > 0 ? Duration.ofMillis(longest) : null,
  };
}
