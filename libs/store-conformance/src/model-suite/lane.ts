import { compareIds, Refusal, type LeaseRef, type Store, type Task, type TaskEvent } from '@orrery/core';
import type { FakeClock } from '../fake-clock.ts';
import { alike } from '../store-suite/alike.ts';
import { plain } from '../store-suite/plain.ts';
import { brokenInvariants } from './invariants.ts';
import { ModelTasks } from './model-tasks.ts';
import type { Random } from './random.ts';

/** One sequence of commands, in a namespace of its own, done to the store and to the model. */
export class Lane {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly model: ModelTasks;
  /** Every lease there ever was; most are lost. */
  readonly leases: LeaseRef[] = [];
  #numbers = 0;
  /** The tasks as the store last told of them. */
  readonly #seen = new Map<string, Task>();
  readonly #log: { readonly at: Date; readonly command: string; readonly details: unknown }[] = [];

  constructor(store: Store, clock: FakeClock, random: Random, namespace: string) {
    this.store = store;
    this.clock = clock;
    this.random = random;
    this.model = new ModelTasks(namespace);
  }

  /** The namespace of the sequence. */
  get namespace(): string {
    return this.model.namespace;
  }

  /** The ids of the tasks there are, and one of a task that there is not. */
  get ids(): readonly string[] {
    return [...this.model.tasks.keys(), 'no-such-task'];
  }

  /** A number that was not used before in this sequence. */
  nextNumber(): number {
    return (this.#numbers += 1);
  }

  /** Notes what is done, for the report of a failure. */
  note(command: string, details: unknown): void {
    this.#log.push({ at: this.clock.now(), command, details });
  }

  /** Calls the store, then the model, and compares what they answer; refusals are answers. */
  async compare<T>(actual: Promise<T>, expected: (answer: T | undefined) => unknown): Promise<T | undefined> {
    const [answer, refused] = await actual.then(
      (value) => [value, undefined] as const,
      (error: unknown) => [undefined, refusalOrThrow(error)] as const,
    );
    let wanted: unknown;
    try {
      wanted = expected(answer);
    } catch (error) {
      wanted = refusalOrThrow(error);
    }
    this.mustEqual('the answer', refused ?? answer, wanted);
    return answer;
  }

  /** Compares the store's tasks and events with the model's, and checks what must always hold. */
  check(tasks: readonly Task[], events: readonly TaskEvent[]): void {
    this.mustEqual('the events', byTask(events), byTask(this.model.takeEvents()));
    for (const { kind, taskId } of events) if (kind === 'deleted') this.#seen.delete(taskId);
    for (const task of tasks) {
      this.mustEqual('the task', task, this.model.tasks.get(task.id));
      const own = events.filter((event) => event.taskId === task.id);
      const problems = brokenInvariants(this.#seen.get(task.id), task, own);
      if (problems.length > 0) throw this.failure(problems.join('\n'));
      this.#seen.set(task.id, task);
    }
    this.mustEqual('the number of tasks', tasks.length, this.model.tasks.size);
  }

  /** Fails unless both look the same. */
  mustEqual(what: string, actual: unknown, expected: unknown): void {
    if (alike(actual, expected)) return;
    const pretty = (value: unknown) => JSON.stringify(plain(value), null, 1);
    // Two values may also differ in ways that cannot be seen, such as a field that is undefined.
    if (pretty(actual) === pretty(expected)) return;
    throw this.failure(`${what} of the store is\n${pretty(actual)}\nbut should be\n${pretty(expected)}`);
  }

  /** An error that says what was done. */
  failure(problem: string): Error {
    const log = this.#log.map(
      ({ at, command, details }) => `${at.toISOString()} ${command} ${JSON.stringify(plain(details))}`,
    );
    return new Error(`${problem}\nafter, in namespace "${this.namespace}":\n${log.join('\n')}`);
  }
}

/** Each task's events in their order; between tasks there is none. */
function byTask(events: readonly TaskEvent[]): readonly TaskEvent[] {
  return [...events].sort((a, b) => compareIds(a.taskId, b.taskId));
}

function refusalOrThrow(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}
