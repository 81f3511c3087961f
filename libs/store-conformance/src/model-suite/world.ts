import type { Store, Task, TaskEvent, TaskEventKind } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { FakeClock } from '../fake-clock.ts';
import { plain } from '../store-suite/plain.ts';
import * as bulk from './bulk-commands.ts';
import * as callers from './caller-commands.ts';
import * as flow from './flow-commands.ts';
import { Lane } from './lane.ts';
import { Random } from './random.ts';
import * as workers from './worker-commands.ts';

const ALL = 1_000_000;

type Command = (lane: Lane) => Promise<void>;

const ON_LEASES: readonly Command[] = [workers.complete, workers.fail, workers.release, workers.extend, workers.report];

/** How often each command is chosen, relative to the others. */
const COMMANDS: readonly (readonly [weight: number, command: Command])[] = [
  [6, callers.create],
  [7, workers.claim],
  [4, workers.complete],
  [6, workers.fail],
  [2, workers.release],
  [3, workers.extend],
  [3, workers.report],
  [3, callers.cancel],
  [3, callers.redrive],
  [3, callers.reschedule],
  [2, callers.list],
  [1, flow.setLimit],
  [1, flow.deleteLimit],
  [1, flow.lookAtLimits],
  [1, callers.look],
  [1, bulk.cancelMany],
  [2, bulk.redriveMany],
  [1, bulk.deleteMany],
];
const DECK = COMMANDS.flatMap(([weight, command]) => Array.from({ length: weight }, () => command));

/** Several sequences over one store, step by step side by side, under one clock. */
export class World {
  readonly #store: Store;
  readonly #clock: FakeClock;
  readonly #random: Random;
  readonly #lanes: readonly Lane[];
  /** The kinds of events that there were. */
  readonly kinds = new Set<TaskEventKind>();
  #position = 0n;

  constructor(store: Store, clock: FakeClock, seed: number, namespaces: readonly string[]) {
    this.#store = store;
    this.#clock = clock;
    this.#random = new Random(seed);
    this.#lanes = namespaces.map(
      (namespace) => new Lane(store, clock, new Random(this.#random.next() * 2 ** 32), namespace),
    );
  }

  /** Does so many steps in each sequence, then brings everything to its end. */
  async run(steps: number): Promise<void> {
    await this.#takeEvents();
    for (let step = 0; step < steps; step += 1) {
      await Promise.all(this.#lanes.map((lane) => choose(lane)(lane)));
      await this.#check();
      if (this.#random.chance(0.5)) this.#clock.advance(Duration.ofMillis(this.#random.between(1, 4000)));
      if (this.#random.chance(0.5)) await this.#promote();
      if (this.#random.chance(0.3)) await this.#expire();
      if (this.#random.chance(0.2)) await this.#listExpired();
    }
    await this.#finish();
  }

  /** Compares every task and every new event with the model's. */
  async #check(): Promise<void> {
    const keys = this.#lanes.flatMap(({ namespace, model }) =>
      [...model.tasks.keys()].map((id) => ({ namespace, id })),
    );
    const tasks = groupByNamespace(await this.#store.tasks.getTasks(keys));
    const taken = await this.#takeEvents();
    for (const { kind } of taken) this.kinds.add(kind);
    const events = groupByNamespace(taken);
    for (const lane of this.#lanes) lane.check(tasks.get(lane.namespace) ?? [], events.get(lane.namespace) ?? []);
  }

  async #takeEvents(): Promise<readonly TaskEvent[]> {
    const { events } = this.#store;
    while ((await events.sequence(ALL)) > 0);
    const batches = await events.read(this.#position, ALL);
    this.#position = batches.at(-1)?.position ?? this.#position;
    return batches.flatMap((batch) => batch.events).filter((event) => event.noun === 'task');
  }

  async #promote(): Promise<void> {
    const now = this.#clock.now();
    const { count, queues, nextDueIn } = await this.#store.tasks.promoteDueTasks(ALL);
    const promoted = this.#lanes.flatMap(({ model }) => model.promote(now));
    const nameOf = (each: { namespace: string; queue: string }) => `${each.namespace} ${each.queue}`;
    const waiting = this.#all().filter(({ status, runAt }) => status === 'PENDING' && runAt > now);
    const next = waiting.map(({ runAt }) => runAt.getTime() - now.getTime()).sort((a, b) => a - b)[0];
    this.#lanes[0]?.mustEqual(
      'the promotion',
      { count, queues: queues.map(nameOf).sort(), nextDueIn: nextDueIn?.toMillis() },
      { count: promoted.length, queues: [...new Set(promoted.map(nameOf))].sort(), nextDueIn: next },
    );
  }

  async #expire(): Promise<void> {
    const expired = await this.#store.tasks.expireTasks(ALL);
    const expected = this.#lanes.flatMap(({ model }) => model.expire(this.#clock.now()));
    const sorted = (tasks: readonly Task[]) => tasks.map((task) => JSON.stringify(plain(task))).sort();
    this.#lanes[0]?.mustEqual('the tasks that waited too long', sorted(expired), sorted(expected));
    await this.#check();
  }

  async #listExpired(): Promise<void> {
    const now = this.#clock.now();
    const expired = await this.#store.tasks.listExpiredLeases(ALL);
    const expiry = (task: Task) => task.leaseExpiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    const expected = this.#all().filter((task) => expiry(task) <= now.getTime());
    const sorted = (tasks: readonly Task[]) =>
      tasks.map((task) => `${expiry(task)} ${JSON.stringify(plain(task))}`).sort();
    this.#lanes[0]?.mustEqual('the expired leases', sorted(expired), sorted(expected));
    const times = expired.map(expiry);
    this.#lanes[0]?.mustEqual(
      'the order of expired leases',
      times,
      [...times].sort((a, b) => a - b),
    );
  }

  /** Runs what is left, and purges it, so that the next world finds an empty store. */
  async #finish(): Promise<void> {
    this.#clock.advance(Duration.of({ days: 1 }));
    await this.#promote();
    await Promise.all(this.#lanes.map(async (lane) => flow.deleteAllLimits(lane)));
    await this.#expire();
    await Promise.all(this.#lanes.map(async (lane) => workers.claimAll(lane)));
    await this.#check();
    await Promise.all(this.#lanes.map(async (lane) => workers.completeAll(lane)));
    await this.#check();
    this.#clock.advance(Duration.ofMillis(1));
    const purged = await this.#store.tasks.purgeTasks(this.#clock.now(), ALL);
    this.#lanes[0]?.mustEqual('the number of purged tasks', purged, this.#all().length);
    await this.#store.events.purge(this.#clock.now(), ALL);
    const forgotten = await this.#store.tasks.purgeRequests(this.#clock.now());
    const used = this.#lanes.reduce((sum, { model }) => sum + model.requests.size, 0);
    this.#lanes[0]?.mustEqual('the number of forgotten requests', forgotten, used);
  }

  #all(): readonly Task[] {
    return this.#lanes.flatMap(({ model }) => [...model.tasks.values()]);
  }
}

/** A command by chance; where it would find nothing to do, one that makes something to do. */
function choose({ random, model, leases }: Lane): Command {
  if (model.tasks.size === 0) return callers.create;
  const command = random.pick(DECK);
  return leases.length === 0 && ON_LEASES.includes(command) ? workers.claim : command;
}

function groupByNamespace<T extends { readonly namespace: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.namespace);
    if (group) group.push(item);
    else groups.set(item.namespace, [item]);
  }
  return groups;
}
