import { CandidateList, matchesTypes, startBy, takeTurns } from '@orrery/core';
import type { ClaimStrategy, ClaimTasks, FlowBudget, Task } from '@orrery/core';
import type { ReadyRows, Row, TaskTable } from './task-table.ts';

/** The tasks that a claim is given: the keys of all its queues take turns, as far as the budget goes. */
export function chooseReady(table: TaskTable, claim: ClaimTasks, budget: FlowBudget, now: Date): readonly Task[] {
  const { namespace, queues, strategy, slots, afterKey = '' } = claim;
  const sources = [...new Set(queues)]
    .flatMap((queue) => table.readyGroups(namespace, queue))
    .filter(({ alike }) => !alike || (matchesTypes(claim.types, alike.type) && budget.admits(alike)))
    .map(({ alike, rows }) => ({
      list: new CandidateList<Task>(alike?.flowKey ?? '', { alike: alike !== null }),
      tasks: candidates(rows, claim, now),
    }));
  const turns = takeTurns(
    sources.map(({ list }) => list),
    { strategy, count: slots.length, afterKey },
    budget,
  );
  for (;;) {
    const { done, value } = turns.next();
    if (done) return value;
    for (const { list, tasks } of sources) if (list.isDry) addNext(list, tasks);
  }
}

function addNext(list: CandidateList<Task>, tasks: Iterator<Task>): void {
  const next = tasks.next();
  list.add(next.done ? [] : [next.value], { hasMore: !next.done });
}

function* candidates(rows: ReadyRows, claim: ClaimTasks, now: Date): Generator<Task> {
  const { types, strategy, minAge } = claim;
  const createdBy = minAge ? now.getTime() - minAge.toMillis() : Infinity;
  for (const { task } of inOrder(rows, strategy))
    if (matchesTypes(types, task.type) && task.createdAt.getTime() <= createdBy && !isOverdue(task, now)) yield task;
}

function inOrder(ready: ReadyRows, strategy: ClaimStrategy): Iterable<Row> {
  if (strategy === 'PRIORITY') return ready.byPriority;
  return strategy === 'FIFO' ? ready.byAge : ready.byAge.backwards();
}

function isOverdue(task: Task, now: Date): boolean {
  const lastStart = startBy(task);
  return lastStart !== null && lastStart <= now;
}
