import {
  EXPONENTIAL,
  newTaskId,
  type ClaimTasks,
  type CreateTasks,
  type DedupWindow,
  type EventBatch,
  type LeaseRef,
  type NewTask,
  type OrreryEvent,
  type Payload,
  type RetryDecision,
  type Store,
  type Task,
  type TaskEvent,
  type TaskSpec,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { TaskErrorData } from '@orrery/task-error';
import { FakeClock } from '../fake-clock.ts';
import { LEASE, leaseOf, NO_MORE, one, payload, taskError } from './suite-values.ts';

/** What a test says of a task that it creates; the rest is usual. */
export type TaskWish = Partial<TaskSpec> & {
  readonly due?: NewTask['due'];
  readonly idIsCallers?: boolean;
  readonly dedupWindow?: DedupWindow;
};

const EVERYTHING = 1_000_000;

/** What each test of the suite works with: the store, its clock, and a namespace that no other test uses. */
export class SuiteContext {
  readonly clock = new FakeClock();
  namespace = '';
  #store: Store | undefined;
  #tests = 0;
  #position = 0n;

  /** The store under test; throws before `open`. */
  get store(): Store {
    if (!this.#store) throw new Error('the store under test was not opened');
    return this.#store;
  }

  /** The tasks of the store under test. */
  get tasks(): Store['tasks'] {
    return this.store.tasks;
  }

  /** Takes the store that is to be tested. */
  open(store: Store): void {
    this.#store = store;
  }

  /** Begins a test: a namespace of its own, a second later than all before. */
  begin(): void {
    this.#tests += 1;
    this.namespace = `suite-${process.pid}-${Date.now()}-${this.#tests}`;
    this.clock.advance(Duration.ofSeconds(1));
  }

  /** Ends what a test left over, so that the next one finds a store with nothing to do. */
  async end(): Promise<void> {
    for (const { id } of await this.store.schedules.listSchedules({ namespace: this.namespace, limit: EVERYTHING }))
      await this.store.schedules.commandSchedule({ namespace: this.namespace, id }, { do: 'DELETE' }, null);
    for (const task of await this.list({ statuses: ['PENDING', 'RUNNING'] })) {
      await this.tasks.cancelTask(task);
      if (task.status === 'RUNNING') await this.tasks.releaseTasks(this.namespace, [leaseOf(task)]);
    }
    this.clock.advance(Duration.ofSeconds(1));
    await this.tasks.purgeTasks(this.clock.now(), EVERYTHING);
    await this.tasks.purgeRetainedTasks(EVERYTHING);
    await this.tasks.purgeRequests(this.clock.now());
    await this.batches();
  }

  /** A new task as the port takes it. */
  newTask({ due = null, idIsCallers = false, dedupWindow, ...wish }: TaskWish = {}): NewTask {
    const spec: TaskSpec = {
      namespace: this.namespace,
      id: newTaskId(),
      queue: 'default',
      type: 'test.work',
      params: payload('{}'),
      priority: 0,
      flowKey: '',
      retryPolicy: EXPONENTIAL,
      runTimeout: null,
      queueTimeout: null,
      heartbeatTimeout: null,
      labels: {},
      correlationId: '',
      traceparent: '',
      parentTaskId: '',
      dedupKey: '',
      typeVersion: 0,
      ...wish,
    };
    return { spec, due, idIsCallers, ...(dedupWindow !== undefined && { dedupWindow }) };
  }

  /** A call that creates such tasks. */
  creation(wishes: readonly TaskWish[], request: CreateTasks['request'] = null): CreateTasks {
    return { namespace: this.namespace, tasks: wishes.map((wish) => this.newTask(wish)), request };
  }

  /** Creates such tasks in one call; returns their ids. */
  async create(...wishes: readonly TaskWish[]): Promise<readonly string[]> {
    const outcomes = await this.tasks.createTasks(this.creation(wishes));
    return outcomes.map((outcome) => outcome.id);
  }

  /** Creates one task; returns its id. */
  async createOne(wish: TaskWish = {}): Promise<string> {
    return one(await this.create(wish));
  }

  /** Creates a number of like tasks in one call; returns their ids. */
  async createMany(count: number, wish: TaskWish = {}): Promise<readonly string[]> {
    return this.create(...Array.from({ length: count }, () => wish));
  }

  /** Claims tasks, one unless told otherwise, of the default queue. */
  async claim(wish: Partial<ClaimTasks> & { readonly count?: number } = {}): Promise<readonly Task[]> {
    const { count = 1, ...claim } = wish;
    return this.tasks.claimTasks({
      namespace: this.namespace,
      queues: ['default'],
      types: [],
      strategy: 'FIFO',
      slots: Array.from({ length: count }, () => 'worker-1'),
      leaseDuration: LEASE,
      ...claim,
    });
  }

  /** Creates a task and claims it. */
  async running(wish: TaskWish = {}, claim: Partial<ClaimTasks> = {}): Promise<Task> {
    await this.create({ ...wish });
    return one(await this.claim({ queues: [wish.queue ?? 'default'], ...claim }));
  }

  /** Completes one attempt; returns what came of it. */
  async complete(lease: LeaseRef, result: Payload | null = null) {
    return one(await this.tasks.completeTasks(this.namespace, [{ lease, result }]));
  }

  /** Reports one attempt as failed; returns what came of it. */
  async fail(lease: LeaseRef, decision: RetryDecision = NO_MORE, error: TaskErrorData = taskError()) {
    return one(await this.tasks.failTasks(this.namespace, [{ lease, error, decision, ifExpiresAt: null }]));
  }

  /** Hands one attempt back; returns what came of it. */
  async release(lease: LeaseRef) {
    return one(await this.tasks.releaseTasks(this.namespace, [lease]));
  }

  /** Extends one lease; returns what came of it. */
  async extend(lease: LeaseRef, duration: Duration = LEASE) {
    return one(await this.tasks.extendLeases(this.namespace, [lease], duration));
  }

  /** The task as it is now; fails if there is none. */
  async get(id: string): Promise<Task> {
    return one(await this.tasks.getTasks([{ namespace: this.namespace, id }]));
  }

  /** The test's tasks, however many, by id descending. */
  async list(query: Partial<Parameters<Store['tasks']['listTasks']>[0]> = {}): Promise<readonly Task[]> {
    return this.tasks.listTasks({ namespace: this.namespace, limit: EVERYTHING, ...query });
  }

  /** Makes every due task ready. */
  async promote(): Promise<void> {
    await this.tasks.promoteDueTasks(EVERYTHING);
  }

  /** The expired leases of the test's tasks. */
  async expired(): Promise<readonly Task[]> {
    const tasks = await this.tasks.listExpiredLeases(EVERYTHING);
    return tasks.filter((task) => task.namespace === this.namespace);
  }

  /** What was written since this was last asked, batch by batch. */
  async batches(): Promise<readonly EventBatch[]> {
    while ((await this.store.events.sequence(1000)) > 0);
    const batches = await this.store.events.read(this.#position, EVERYTHING);
    this.#position = batches.at(-1)?.position ?? this.#position;
    return batches;
  }

  /** The test's own events since this was last asked, in order. */
  async allEvents(): Promise<readonly OrreryEvent[]> {
    const events = (await this.batches()).flatMap((batch) => batch.events);
    return events.filter((event) => event.namespace === this.namespace);
  }

  /** The events of the test's tasks since this was last asked, in order. */
  async events(): Promise<readonly TaskEvent[]> {
    return (await this.allEvents()).filter((event) => event.noun === 'task');
  }

  /** The kinds of the events of the test's tasks since this was last asked, in order. */
  async eventKinds(): Promise<readonly string[]> {
    return (await this.events()).map((event) => event.kind);
  }
}
