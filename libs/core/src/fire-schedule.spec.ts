import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { fireSchedule, type ScheduleContext } from './fire-schedule.ts';
import { EXPONENTIAL } from './retry-policy.ts';
import { commandSchedule, newSchedule } from './schedule-commands.ts';
import type { ScheduleChange } from './schedule-draft.ts';
import { scheduleProblems } from './schedule-problems.ts';
import { OVERLAP_POLICIES, type Schedule, type ScheduleDefinition, type ScheduleRun } from './schedule.ts';

const START = new Date('2026-03-28T00:00:00.000Z');
const CRON = { kind: 'CRON', expression: '*/7 * * * *', timeZone: 'Europe/Berlin' } as const;
const GRID = { kind: 'FIXED_GRID', every: Duration.of({ minutes: 11 }), anchor: new Date(1234) } as const;
const DELAY = { kind: 'FIXED_DELAY', every: Duration.of({ minutes: 5 }) } as const;

function define(wish: Partial<ScheduleDefinition>): ScheduleDefinition {
  const task = {
    queue: 'q',
    type: 't',
    params: { data: Uint8Array.of(1), contentType: 'a/b' },
    priority: 0,
    retryPolicy: EXPONENTIAL,
    runTimeout: null,
    queueTimeout: null,
    heartbeatTimeout: null,
    labels: {},
    correlationId: '',
    flowKey: '',
  };
  const usual = {
    task,
    timing: CRON,
    startAt: null,
    endAt: null,
    jitter: null,
    overlap: 'ALLOW',
    catchUp: 1000,
  } as const;
  return { ...usual, ...wish };
}

/** A schedule and its tasks, as a store would keep them. */
class World {
  schedule: Schedule;
  readonly fired: ScheduleRun[] = [];
  readonly events: ScheduleChange['events'][number][] = [];
  readonly queue: ScheduleRun[] = [];
  readonly live = new Set<string>();
  readonly ended = new Map<string, Date>();

  constructor(definition: ScheduleDefinition) {
    const created = newSchedule({ namespace: 'n', id: 's' }, definition, { paused: false }, START);
    this.schedule = created.schedule;
    this.keep(created);
  }

  fire(now: Date): void {
    for (;;) {
      const change = fireSchedule(this.schedule, this.context(), now);
      if (!change) return;
      this.keep(change);
    }
  }

  endAll(now: Date): void {
    for (const id of this.live) this.ended.set(id, now);
    this.live.clear();
  }

  private context(): ScheduleContext {
    const id = this.schedule.activeTaskId;
    const queued = this.queue[0] ?? null;
    if (id === '') return { active: 'NONE', queued };
    return { active: this.live.has(id) ? 'LIVE' : { endedAt: this.ended.get(id) ?? null }, queued };
  }

  private keep({ schedule, tasks, runs, cancelTaskId, events }: ScheduleChange): void {
    this.schedule = schedule;
    this.events.push(...events);
    this.live.delete(cancelTaskId);
    for (const run of runs) {
      const waiting = this.queue.findIndex(({ taskId }) => taskId === run.taskId);
      if (waiting >= 0) this.queue.splice(waiting, 1);
      (run.status === 'QUEUED' ? this.queue : this.fired).push(run);
    }
    for (const { spec } of tasks) this.live.add(spec.id);
    expect(tasks.map(({ spec }) => spec.id)).toEqual(
      runs.filter(({ status }) => status === 'FIRED').map(({ taskId }) => taskId),
    );
  }
}

const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 240 }), fc.boolean()), { minLength: 1, maxLength: 25 });

/** Lets minutes pass, step by step; at some the tasks end. */
function live(world: World, minutes: readonly (readonly [number, boolean])[]): Date {
  let now = START;
  world.fire(now);
  for (const [pause, ends] of minutes) {
    now = Duration.of({ minutes: pause }).addTo(now);
    if (ends) world.endAll(now);
    world.fire(now);
  }
  return now;
}

describe('firing a schedule', () => {
  it.each([CRON, GRID])('A6: every slot of $kind once, whenever somebody looks', (timing) => {
    fc.assert(
      fc.property(steps, (minutes) => {
        const [seldom, often] = [new World(define({ timing })), new World(define({ timing }))];
        const now = live(seldom, minutes);
        for (let at = START; at <= now; at = Duration.of({ minutes: 1 }).addTo(at)) often.fire(at);
        const slots = (world: World) => world.fired.map(({ slotAt }) => slotAt.getTime());
        expect(slots(seldom)).toEqual(slots(often));
        expect(new Set(slots(seldom)).size).toBe(seldom.fired.length);
      }),
      { numRuns: 8 },
    );
  });

  it.each(OVERLAP_POLICIES)('A6: with %s each slot is fired, waits, or is counted as left out', (overlap) => {
    fc.assert(
      fc.property(steps, fc.nat(5), (minutes, catchUp) => {
        const all = new World(define({}));
        live(all, minutes);
        const world = new World(define({ overlap, catchUp }));
        live(world, minutes);
        const { firedCount, skippedCount, queuedCount } = world.schedule;
        expect(firedCount + skippedCount + queuedCount).toBe(all.fired.length);
        expect([world.fired.length, world.queue.length]).toEqual([firedCount, queuedCount]);
        expect(new Set(world.fired.map(({ taskId }) => taskId)).size).toBe(firedCount);
        const left = world.events.reduce((sum, { kind, count }) => sum + (kind === 'skipped' ? count : 0), 0);
        expect(left).toBe(skippedCount);
        expect(world.events.map(({ sequence }) => sequence)).toEqual(world.events.map((_, i) => i + 1));
        if (overlap !== 'ALLOW') expect(world.live.size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 15 },
    );
  });

  it('A6: a fixed delay has one task at a time, each one interval after the end of the one before', () => {
    fc.assert(
      fc.property(steps, (minutes) => {
        const world = new World(define({ timing: DELAY, catchUp: 0 }));
        live(world, minutes);
        expect(world.schedule.skippedCount).toBe(0);
        expect(world.live.size).toBeLessThanOrEqual(1);
        const [first, ...others] = world.fired;
        expect(first?.slotAt).toEqual(START);
        others.forEach(({ slotAt }, i) => {
          const ended = world.ended.get(world.fired[i]!.taskId)!;
          expect(slotAt).toEqual(DELAY.every.addTo(ended));
        });
      }),
    );
  });

  it('a long outage is worked off in turns, and leaves out the oldest', () => {
    const world = new World(define({ timing: { ...CRON, expression: '*/10 * * * * *' }, catchUp: 2 }));
    const now = new Date(START.getTime() + 6 * 3_600_000);
    world.fire(now);
    expect(world.schedule.firedCount + world.schedule.skippedCount).toBe(2161);
    // Two that were missed, and those of the last minute.
    expect(world.fired).toHaveLength(2 + 7);
    expect(world.fired.map(({ cause }) => cause).filter((cause) => cause === 'CATCH_UP')).toHaveLength(2);
    expect(world.schedule.nextRunAt).toEqual(new Date(now.getTime() + 10_000));
  });

  it('nothing becomes of a paused one', () => {
    const world = new World(define({}));
    const none = { active: 'NONE', queued: null, takenTaskIds: new Set<string>() } as const;
    const paused = commandSchedule(world.schedule, { do: 'PAUSE' }, none, START)!.schedule;
    expect(fireSchedule(paused, none, new Date(START.getTime() + 1e9))).toBeNull();
  });
});

describe('what may be decided about a schedule', () => {
  const problems = (wish: Partial<ScheduleDefinition>) =>
    scheduleProblems(define(wish), 'spec').map(({ field }) => field);

  it('is anything sensible', () => {
    for (const timing of [CRON, GRID, DELAY]) expect(problems({ timing })).toEqual([]);
  });

  it('A6: is refused with each field named', () => {
    expect(problems({ timing: { kind: 'CRON', expression: '61 * * * *', timeZone: 'Mars/X' }, catchUp: 1001 })).toEqual(
      ['spec.cron.expression', 'spec.cron.time_zone', 'spec.catch_up'],
    );
    for (const every of [Duration.ZERO, Duration.ofSeconds(-5), Duration.ofMillis(999), Duration.ofMillis(1000.5)])
      expect(problems({ timing: { ...DELAY, every } })).toEqual(['spec.interval.every']);
    expect(problems({ startAt: START, endAt: START })).toEqual(['spec.end_time']);
    expect(
      problems({ startAt: START, endAt: new Date(START.getTime() + 1), timing: { ...CRON, expression: '5 * * * *' } }),
    ).toEqual(['spec.end_time']);
    expect(problems({ jitter: Duration.ofSeconds(-1) })).toEqual(['spec.jitter']);
  });
});
