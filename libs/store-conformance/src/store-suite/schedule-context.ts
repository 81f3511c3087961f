import {
  EXPONENTIAL,
  type OrreryEvent,
  type Schedule,
  type ScheduleCommand,
  type ScheduleDefinition,
} from '@orrery/core';
import type { ScheduleEvent, ScheduleTurn, Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, payload } from './suite-values.ts';

/** Every minute, on the minute. */
export const EVERY_MINUTE = { kind: 'CRON', expression: '* * * * *', timeZone: 'UTC' } as const;

/** What the tests of schedules do, over and over. */
export class ScheduleContext {
  readonly #context: SuiteContext;

  constructor(context: SuiteContext) {
    this.#context = context;
  }

  /** What a test says of a schedule; the rest is usual. */
  definition(wish: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
    return {
      task: {
        queue: 'default',
        type: 'test.work',
        params: payload('{"a":1}'),
        priority: 3,
        retryPolicy: EXPONENTIAL,
        runTimeout: Duration.ofSeconds(90),
        queueTimeout: null,
        heartbeatTimeout: null,
        labels: { team: 'a' },
        correlationId: '',
        flowKey: '',
      },
      timing: EVERY_MINUTE,
      startAt: null,
      endAt: null,
      jitter: null,
      overlap: 'ALLOW',
      catchUp: 50,
      ...wish,
    };
  }

  /** Creates a schedule. */
  async create(id: string, wish: Partial<ScheduleDefinition> = {}, paused = false): Promise<Schedule> {
    const key = { namespace: this.#context.namespace, id };
    const created = { ...key, definition: this.definition(wish), paused, request: null };
    return (await this.#context.store.schedules.createSchedule(created)).schedule;
  }

  /** Asks something of a schedule. */
  async ask(id: string, command: ScheduleCommand) {
    return this.#context.store.schedules.commandSchedule({ namespace: this.#context.namespace, id }, command, null);
  }

  /** Lets some time pass, and does what is due then. */
  async pass(seconds: number): Promise<ScheduleTurn> {
    this.#context.clock.advance(Duration.ofSeconds(seconds));
    return this.fire();
  }

  /** Does what is due, until nothing is; returns the last turn. */
  async fire(): Promise<ScheduleTurn> {
    for (let turns = 0; turns < 100; turns++) {
      const turn = await this.#context.store.schedules.fireSchedules(100);
      if (turn.count === 0) return turn;
    }
    throw new Error('there is always something due');
  }

  /** The schedule as it is now; fails if there is none. */
  async get(id: string): Promise<Schedule> {
    const schedule = await this.#context.store.schedules.getSchedule({ namespace: this.#context.namespace, id });
    if (!schedule) throw new Error(`there is no schedule "${id}"`);
    return schedule;
  }

  /** The slots of the tasks there are, as the ends of their ids tell, in order. */
  async slots(id: string): Promise<readonly string[]> {
    const tasks = await this.#context.list();
    return tasks
      .filter((task) => task.scheduleId === id)
      .map((task) => task.id.slice(id.length + 1))
      .sort();
  }

  /** The one task of the schedule that has not ended. */
  async live(id: string): Promise<Task> {
    const tasks = await this.#context.list({ statuses: ['PENDING', 'RUNNING'] });
    const [task, ...others] = tasks.filter((each) => each.scheduleId === id);
    if (!task || others.length > 0) throw new Error(`there are ${tasks.length} live tasks`);
    return task;
  }

  /** Ends the one live task well. */
  async succeed(): Promise<void> {
    for (const task of await this.#context.claim()) await this.#context.complete(leaseOf(task));
  }

  /** The schedules' own events among these. */
  eventsOf(events: readonly OrreryEvent[]): readonly ScheduleEvent[] {
    return events.filter((event) => event.noun === 'schedule');
  }
}
