import { waitsForEnd } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { EVERY_MINUTE, ScheduleContext } from './schedule-context.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, NO_MORE, one, refusalOf } from './suite-values.ts';

const HOUR = 3600;

/** Schedules: what is asked of them, and what time brings. */
export function scheduleTests(context: SuiteContext): void {
  const schedules = new ScheduleContext(context);
  const store = () => context.store.schedules;
  const at = (time: string) => context.clock.set(new Date(time));
  let year = 2030;

  describe('schedules', () => {
    // Each test begins a year of its own, on a minute, so that the clock never goes back.
    beforeEach(() => at(`${year++}-01-01T00:00:00Z`));
    const y = () => year - 1;

    it('keeps what was decided, whole', async () => {
      const definition = schedules.definition({
        startAt: new Date(`${y()}-02-01T00:00:00Z`),
        endAt: new Date(`${y()}-03-01T00:00:00.123Z`),
        jitter: Duration.ofMillis(1500),
        overlap: 'QUEUE',
        catchUp: 7,
        timing: { kind: 'FIXED_GRID', every: Duration.of({ minutes: 90 }), anchor: new Date(5) },
      });
      await schedules.create('whole', definition);
      const kept = await schedules.get('whole');
      expect(kept).toMatchObject(definition);
      expect([...kept.task.params.data]).toEqual([...definition.task.params.data]);
      expect(kept).toMatchObject({ paused: false, firedCount: 0, skippedCount: 0, revision: 1, lastRunAt: null });
      expect(kept.createdAt).toEqual(context.clock.now());
    });

    it('refuses an id that is taken; a repeated request id returns what was created', async () => {
      await schedules.create('a');
      expect(await refusalOf(schedules.create('a'))).toMatchObject({ reason: 'SCHEDULE_ALREADY_EXISTS' });
      const request = { id: 'r', bodyHash: Uint8Array.of(1) };
      const create = {
        namespace: context.namespace,
        id: 'b',
        definition: schedules.definition(),
        paused: true,
        request,
      };
      expect(await store().createSchedule(create)).toMatchObject({ deduplicated: false, schedule: { id: 'b' } });
      expect(await store().createSchedule({ ...create, id: 'c' })).toMatchObject({
        deduplicated: true,
        schedule: { id: 'b', paused: true },
      });
      const other = { ...create, request: { ...request, bodyHash: Uint8Array.of(2) } };
      expect(await refusalOf(store().createSchedule(other))).toMatchObject({ reason: 'REQUEST_ID_REUSED' });
    });

    it('lists by id, page by page', async () => {
      for (const id of ['b', 'a', 'c']) await schedules.create(id);
      await schedules.ask('b', { do: 'DELETE' });
      const list = async (afterId?: string) =>
        store().listSchedules({ namespace: context.namespace, limit: 1, ...(afterId !== undefined && { afterId }) });
      expect((await list()).map(({ id }) => id)).toEqual(['a']);
      expect((await list('a')).map(({ id }) => id)).toEqual(['c']);
      expect(await list('c')).toEqual([]);
    });

    it('A6: makes one task for each slot, with its events, and says when the next comes', async () => {
      await schedules.create('cron');
      await context.allEvents();
      const { nextDueIn } = await schedules.pass(30);
      expect(nextDueIn).toEqual(Duration.ofSeconds(30));
      await schedules.pass(30);
      const slot = `${y()}-01-01T00:00:00.000Z`;
      expect(await schedules.slots('cron')).toEqual([slot, `${y()}-01-01T00:01:00.000Z`]);
      const task = await context.get(`cron/${slot}`);
      expect(task).toMatchObject({ type: 'test.work', priority: 3, labels: { team: 'a' }, scheduleId: 'cron' });
      expect(task).toMatchObject({ status: 'PENDING', correlationId: task.id, runTimeout: Duration.ofSeconds(90) });
      const events = await context.allEvents();
      expect(schedules.eventsOf(events)).toMatchObject([
        { kind: 'fired', sequence: 2, taskId: `cron/${slot}`, slotAt: new Date(slot), cause: 'SLOT', count: 0 },
        { kind: 'fired', sequence: 3, taskId: `cron/${y()}-01-01T00:01:00.000Z`, reason: null },
      ]);
      expect(events.filter(({ noun }) => noun === 'task')).toHaveLength(2);
    });

    it('A6: fires a slot once however many do it at once', async () => {
      const ids = Array.from({ length: 10 }, (_, i) => `crowd-${i}`);
      for (const id of ids) await schedules.create(id);
      for (let minute = 0; minute < 3; minute++) {
        await Promise.all(Array.from({ length: 8 }, () => store().fireSchedules(4)));
        await schedules.pass(60);
      }
      for (const id of ids) {
        expect(await schedules.slots(id)).toHaveLength(4);
        expect(await schedules.get(id)).toMatchObject({ firedCount: 4, revision: 5 });
      }
      const sequences = schedules.eventsOf(await context.allEvents()).filter(({ scheduleId }) => scheduleId === ids[0]);
      expect(sequences.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    });

    it('A6: makes up the newest missed slots, as many as it may, and tells of the others', async () => {
      await schedules.create('some', { catchUp: 3 });
      await schedules.create('none', { catchUp: 0 });
      await schedules.fire();
      await context.allEvents();
      await schedules.pass(6 * HOUR + 30);
      expect((await schedules.slots('some')).slice(1)).toEqual(
        ['05:57', '05:58', '05:59', '06:00'].map((time) => `${y()}-01-01T${time}:00.000Z`),
      );
      expect((await schedules.slots('none')).slice(1)).toEqual([`${y()}-01-01T06:00:00.000Z`]);
      expect(await schedules.get('some')).toMatchObject({ firedCount: 5, skippedCount: 356 });
      expect(await schedules.get('none')).toMatchObject({ firedCount: 2, skippedCount: 359 });
      const missed = schedules.eventsOf(await context.allEvents()).filter(({ kind }) => kind === 'skipped');
      expect(new Set(missed.map(({ reason }) => reason))).toEqual(new Set(['MISSED']));
      expect(missed.reduce((sum, { count }) => sum + count, 0)).toBe(356 + 359);
    });

    it('A6: SKIP leaves out what overlaps', async () => {
      await schedules.create('skip', { overlap: 'SKIP' });
      await schedules.fire();
      await schedules.pass(60);
      expect(await schedules.slots('skip')).toHaveLength(1);
      await schedules.succeed();
      await schedules.pass(60);
      expect(await schedules.slots('skip')).toEqual([`${y()}-01-01T00:00:00.000Z`, `${y()}-01-01T00:02:00.000Z`]);
      expect(await schedules.get('skip')).toMatchObject({ firedCount: 2, skippedCount: 1 });
    });

    it('A6: QUEUE runs one after the other, in order', async () => {
      await schedules.create('queue', { overlap: 'QUEUE' });
      await schedules.fire();
      await schedules.pass(120);
      expect(await schedules.get('queue')).toMatchObject({ queuedCount: 2, firedCount: 1 });
      for (const minute of ['00', '01', '02']) {
        expect((await schedules.live('queue')).id).toBe(`queue/${y()}-01-01T00:${minute}:00.000Z`);
        await schedules.succeed();
        await schedules.fire();
      }
      expect(await schedules.get('queue')).toMatchObject({ queuedCount: 0, firedCount: 3, skippedCount: 0 });
    });

    it('A6: CANCEL_OTHER cancels the earlier task, one that runs too', async () => {
      await schedules.create('cancel', { overlap: 'CANCEL_OTHER' });
      await schedules.fire();
      const first = await schedules.live('cancel');
      await schedules.pass(60);
      expect(await context.get(first.id)).toMatchObject({ status: 'CANCELLED' });
      const running = one(await context.claim());
      context.clock.advance(Duration.ofSeconds(60));
      const turn = await store().fireSchedules(10);
      expect(turn.cancelled).toEqual([{ namespace: context.namespace, id: running.id }]);
      expect(turn.queues).toEqual([{ namespace: context.namespace, queue: 'default' }]);
      expect((await context.get(running.id)).cancelRequestedAt).toEqual(context.clock.now());
      await context.release(leaseOf(running));
    });

    it('A6: a fixed delay counts from the end of the task, however it ended', async () => {
      await schedules.create('delay', {
        timing: { kind: 'FIXED_DELAY', every: Duration.ofSeconds(HOUR) },
        overlap: 'SKIP',
      });
      await schedules.fire();
      const ends = [
        async () => schedules.succeed(),
        async () => context.fail(leaseOf(one(await context.claim())), NO_MORE),
        async () => context.tasks.cancelTask(await schedules.live('delay')),
      ];
      for (const end of ends) {
        expect(waitsForEnd(await schedules.get('delay'))).toBe(true);
        await schedules.pass(2 * HOUR);
        await end();
        const ended = context.clock.now();
        // Nobody looks for a while: the delay counts from the end all the same.
        await schedules.pass(HOUR / 2);
        const due = new Date(ended.getTime() + HOUR * 1000);
        expect(await schedules.get('delay')).toMatchObject({ nextRunAt: due, activeTaskId: '' });
        await schedules.pass(HOUR / 2);
        expect(await schedules.get('delay')).toMatchObject({ lastRunAt: due, nextRunAt: null, skippedCount: 0 });
        await context.promote();
      }
      // The task is forgotten before anybody has looked.
      await schedules.succeed();
      context.clock.advance(Duration.ofSeconds(HOUR));
      await context.tasks.purgeTasks(context.clock.now(), 1000);
      await schedules.fire();
      expect((await schedules.get('delay')).nextRunAt).toEqual(new Date(context.clock.now().getTime() + HOUR * 1000));
    });

    it('fires nothing while paused; afterwards what is to come', async () => {
      await schedules.create('pause');
      await schedules.fire();
      await schedules.ask('pause', { do: 'PAUSE' });
      await schedules.ask('pause', { do: 'PAUSE' });
      await schedules.pass(2 * HOUR + 30);
      await schedules.ask('pause', { do: 'RESUME' });
      await schedules.pass(30);
      expect(await schedules.slots('pause')).toEqual([`${y()}-01-01T00:00:00.000Z`, `${y()}-01-01T02:01:00.000Z`]);
      const kinds = schedules.eventsOf(await context.allEvents()).map(({ kind }) => kind);
      expect(kinds).toEqual(['created', 'fired', 'paused', 'resumed', 'fired']);
    });

    it('fires once at a single time, and never again', async () => {
      const eta = new Date(`${y()}-01-02T00:00:00Z`);
      await schedules.create('once', { timing: { kind: 'ONCE', at: eta }, catchUp: 0 });
      await schedules.pass(30 * HOUR);
      await schedules.pass(30 * HOUR);
      expect(await schedules.slots('once')).toEqual([eta.toISOString()]);
      expect(await schedules.get('once')).toMatchObject({ nextRunAt: null, firedCount: 1, skippedCount: 0 });
    });

    it('keeps to its bounds, and spreads tasks by jitter', async () => {
      await schedules.create('bounds', {
        startAt: new Date(`${y()}-01-01T00:02:00Z`),
        endAt: new Date(`${y()}-01-01T00:04:00Z`),
        jitter: Duration.ofSeconds(50),
      });
      for (let minute = 0; minute < 6; minute++) await schedules.pass(60);
      expect(await schedules.slots('bounds')).toEqual([`${y()}-01-01T00:02:00.000Z`, `${y()}-01-01T00:03:00.000Z`]);
      for (const task of await context.list()) {
        const late = task.runAt.getTime() - Date.parse(task.id.slice('bounds/'.length));
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThan(50_000);
      }
    });

    it('finds the next slot anew when its timing changes, and keeps the rest', async () => {
      await schedules.create('update', { catchUp: 7 });
      const every = Duration.ofSeconds(HOUR);
      await schedules.ask('update', {
        do: 'UPDATE',
        changes: { timing: { kind: 'FIXED_GRID', every, anchor: new Date(0) } },
      });
      expect(await schedules.get('update')).toMatchObject({ catchUp: 7, revision: 2 });
      await schedules.pass(HOUR + 30);
      expect(await schedules.slots('update')).toEqual(['00', '01'].map((hour) => `${y()}-01-01T${hour}:00:00.000Z`));
      await schedules.ask('update', { do: 'UPDATE', changes: { catchUp: 0 } });
      expect((await schedules.get('update')).nextRunAt).toEqual(new Date(`${y()}-01-01T02:00:00.000Z`));
    });

    it('forgets what is deleted; one of the same id counts its events on and repeats no slot', async () => {
      await schedules.create('again');
      await schedules.fire();
      await schedules.ask('again', { do: 'DELETE' });
      expect(await store().getSchedule({ namespace: context.namespace, id: 'again' })).toBeNull();
      expect(await refusalOf(schedules.ask('again', { do: 'PAUSE' }))).toMatchObject({ reason: 'SCHEDULE_NOT_FOUND' });
      await schedules.create('again');
      await schedules.fire();
      await schedules.pass(60);
      expect(await schedules.slots('again')).toHaveLength(2);
      const sequences = schedules.eventsOf(await context.allEvents()).map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    });

    it('triggers a run now, once for a request id', async () => {
      await schedules.create('now', { timing: EVERY_MINUTE }, true);
      const command = { do: 'TRIGGER', taskId: 'trigger-1' } as const;
      const request = { id: 'r', bodyHash: Uint8Array.of(1) };
      const key = { namespace: context.namespace, id: 'now' };
      const first = await store().commandSchedule(key, command, request);
      expect(first.runs).toMatchObject([{ taskId: 'trigger-1', cause: 'TRIGGER', status: 'FIRED' }]);
      const again = await store().commandSchedule(key, { ...command, taskId: 'trigger-2' }, request);
      expect(again).toMatchObject({ deduplicated: true, runs: [{ taskId: 'trigger-1' }] });
      expect((await context.list()).map(({ id }) => id)).toEqual(['trigger-1']);
    });

    it('a trigger keeps to the overlap policy', async () => {
      await schedules.create('skip', { overlap: 'SKIP' }, true);
      await schedules.ask('skip', { do: 'TRIGGER', taskId: 's1' });
      const refusal = await refusalOf(schedules.ask('skip', { do: 'TRIGGER', taskId: 's2' }));
      expect(refusal).toMatchObject({ reason: 'SCHEDULE_BUSY', metadata: { task_id: 's1' } });
      await schedules.succeed();
      await schedules.ask('skip', { do: 'TRIGGER', taskId: 's3' });
      await schedules.succeed();

      await schedules.create('queue', { overlap: 'QUEUE', timing: { kind: 'ONCE', at: new Date(`${y()}-05-01`) } });
      await schedules.ask('queue', { do: 'TRIGGER', taskId: 'q1' });
      const waiting = await schedules.ask('queue', { do: 'TRIGGER', taskId: 'q2' });
      expect(waiting.runs).toMatchObject([{ taskId: 'q2', status: 'QUEUED' }]);
      await schedules.succeed();
      await schedules.fire();
      expect((await schedules.live('queue')).id).toBe('q2');
    });

    it('backfills the slots that were not fired, each once', async () => {
      await schedules.create('back', { overlap: 'QUEUE' });
      await schedules.fire();
      await schedules.ask('back', { do: 'PAUSE' });
      context.clock.advance(Duration.ofSeconds(240));
      await schedules.ask('back', { do: 'RESUME' });
      const range = { from: new Date(`${y() - 1}-12-31T23:59:00Z`), before: new Date(`${y()}-01-01T00:03:00Z`) };
      const first = await schedules.ask('back', { do: 'BACKFILL', ...range });
      expect(first.runs.map(({ slotAt }) => slotAt.toISOString().slice(11, 16))).toEqual(['23:59', '00:01', '00:02']);
      expect((await schedules.ask('back', { do: 'BACKFILL', ...range })).runs).toEqual([]);
      for (let run = 0; run < 4; run++) {
        await schedules.succeed();
        await schedules.fire();
      }
      expect((await schedules.slots('back')).map((slot) => slot.slice(11, 16))).toEqual([
        '23:59',
        '00:00',
        '00:01',
        '00:02',
        '00:04',
      ]);
    });

    it('refuses a backfill without slots, or with too many', async () => {
      await schedules.create('cron');
      const backfill = (id: string, from: string, before: string) =>
        refusalOf(schedules.ask(id, { do: 'BACKFILL', from: new Date(from), before: new Date(before) }));
      expect(await backfill('cron', '2020-01-01', '2020-02-01')).toMatchObject({ metadata: { field: 'before_time' } });
      expect(await backfill('cron', '2020-01-01T00:00:01Z', '2020-01-01T00:00:30Z')).toMatchObject({
        reason: 'INVALID_FIELD',
      });
      await schedules.create('delay', { timing: { kind: 'FIXED_DELAY', every: Duration.ofSeconds(1) } }, true);
      expect(await backfill('delay', '2020-01-01', '2020-02-01')).toMatchObject({ metadata: { field: 'schedule_id' } });
    });

    it('lists runs, the newest slot first, and forgets old ones', async () => {
      await schedules.create('runs');
      await schedules.pass(120);
      const schedule = { namespace: context.namespace, id: 'runs' };
      const all = await store().listScheduleRuns({ schedule, limit: 10 });
      expect(all.map(({ slotAt }) => slotAt.getUTCMinutes())).toEqual([2, 1, 0]);
      expect(all.map(({ cause }) => cause)).toEqual(['SLOT', 'SLOT', 'CATCH_UP']);
      const newest = one(all.slice(0, 1));
      const rest = await store().listScheduleRuns({ schedule, limit: 10, after: newest });
      expect(rest).toEqual(all.slice(1));
      await store().purgeSchedules(newest.slotAt, 1000);
      expect(await store().listScheduleRuns({ schedule, limit: 10 })).toEqual(all.slice(0, 1));
    });
  });
}
