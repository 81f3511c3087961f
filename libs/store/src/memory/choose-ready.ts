import { claimOrder, matchesTypes, type ClaimStrategy, type ClaimTasks, type Task } from '@orrery/core';
import type { ReadyRows, Row, TaskTable } from './task-table.ts';

/** The tasks that a claim is given: the first in the strategy's order over all its queues, one for each slot at most. */
export function chooseReady(table: TaskTable, claim: ClaimTasks): readonly Task[] {
  const { namespace, queues, types, strategy, slots } = claim;
  const order = claimOrder(strategy);
  // Each queue is in order, so that the next task is always the best of the queues' first ones.
  const heads = [...new Set(queues)]
    .map((queue) => inOrder(table.ready(namespace, queue), strategy))
    .map(startOf(types));
  const chosen: Task[] = [];
  while (chosen.length < slots.length) {
    let best: Head | undefined;
    for (const head of heads) if (head.task && (!best?.task || order(head.task, best.task) < 0)) best = head;
    if (!best?.task) break;
    chosen.push(best.task);
    best.advance();
  }
  return chosen;
}

interface Head {
  task: Task | undefined;
  advance(): void;
}

function startOf(types: readonly string[]): (rows: Iterator<Row>) => Head {
  return (rows) => {
    const head: Head = {
      task: undefined,
      advance() {
        let next = rows.next();
        while (!next.done && !matchesTypes(types, next.value.task.type)) next = rows.next();
        head.task = next.done ? undefined : next.value.task;
      },
    };
    head.advance();
    return head;
  };
}

function inOrder(ready: ReadyRows, strategy: ClaimStrategy): Iterator<Row> {
  if (strategy === 'PRIORITY') return ready.byPriority[Symbol.iterator]();
  return strategy === 'FIFO' ? ready.byAge[Symbol.iterator]() : ready.byAge.backwards();
}
