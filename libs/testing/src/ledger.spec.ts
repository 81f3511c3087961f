import type { TaskEventKind, TaskStatus } from '@orrery/core';
import { Ledger } from './ledger.ts';

const LIFE: readonly (readonly [TaskEventKind, TaskStatus])[] = [
  ['created', 'PENDING'],
  ['started', 'RUNNING'],
  ['succeeded', 'SUCCEEDED'],
];

/** A ledger of one task that was submitted, run and completed, with these of its events. */
function ledgerOf({
  events = [1, 2, 3],
  id = 't',
}: { readonly events?: readonly number[]; readonly id?: string } = {}) {
  const ledger = new Ledger();
  ledger.submitting(id);
  ledger.acknowledged(id);
  ledger.started(id, 'x');
  ledger.accepted(id, 'x', 'SUCCEEDED');
  for (const sequence of events) {
    const [kind, status] = LIFE[sequence - 1] ?? ['succeeded', 'SUCCEEDED'];
    ledger.event({ taskId: id, sequence, kind, status });
  }
  return ledger;
}
const done = [{ id: 't', status: 'SUCCEEDED' }] as const;

describe('the ledger finds nothing wrong', () => {
  it('with a task that was run once', () => {
    expect(ledgerOf().check()).toEqual([]);
    expect(ledgerOf().check(done)).toEqual([]);
    expect(ledgerOf().counts).toEqual({ acknowledged: 1, started: 1, accepted: 1, refused: 0, events: 3 });
  });

  it('with events that arrive more than once', () => {
    expect(ledgerOf({ events: [1, 2, 1, 2, 3, 1, 3] }).check(done)).toEqual([]);
  });

  it('with a completion that is repeated, and a stale one that is refused', () => {
    const ledger = ledgerOf();
    ledger.accepted('t', 'x', 'SUCCEEDED');
    ledger.started('t', 'stale');
    ledger.refused('t', 'stale', 'LEASE_LOST');
    expect(ledger.check(done)).toEqual([]);
    expect(ledger.counts.refused).toBe(1);
  });

  it('with a submit that was never answered, whether it had an effect or not', () => {
    const ledger = ledgerOf();
    ledger.submitting('maybe');
    expect(ledger.check(done)).toEqual([]);
    expect(ledger.check([...done, { id: 'maybe', status: 'FAILED' }])).toEqual([]);
  });

  it('with a failed attempt under one lease and a success under the next', () => {
    const ledger = ledgerOf();
    ledger.started('t', 'first');
    ledger.accepted('t', 'first', 'PENDING');
    expect(ledger.check(done)).toEqual([]);
  });
});

describe('the ledger finds', () => {
  it('a lost task', () => {
    const ledger = ledgerOf();
    ledger.acknowledged('gone');
    const problem = 'task "gone" was acknowledged, and is lost';
    expect(ledger.check(done)).toEqual([problem]);
    expect(ledger.check()).toEqual([problem]);
  });

  it('a task that nobody submitted', () => {
    const problem = 'task "ghost" is there, but nobody submitted it';
    expect(ledgerOf().check([...done, { id: 'ghost', status: 'SUCCEEDED' }])).toEqual([problem]);
    const told = ledgerOf();
    told.event({ taskId: 'ghost', sequence: 1, kind: 'created', status: 'PENDING' });
    expect(told.check(done)).toEqual([problem]);
    const run = ledgerOf();
    run.started('ghost', 'y');
    expect(run.check(done)).toEqual([problem]);
  });

  it('a task that has not ended', () => {
    const ledger = new Ledger();
    ledger.acknowledged('t');
    ledger.event({ taskId: 't', sequence: 1, kind: 'created', status: 'PENDING' });
    expect(ledger.check()).toEqual(['task "t" has not ended: it is PENDING']);
    expect(ledger.check([{ id: 't', status: 'RUNNING' }])).toEqual(['task "t" has not ended: it is RUNNING']);
  });

  it('a second completion under another lease', () => {
    const ledger = ledgerOf();
    ledger.started('t', 'y');
    ledger.accepted('t', 'y', 'SUCCEEDED');
    expect(ledger.check(done)).toEqual(['task "t" was completed under 2 leases: x, y']);
  });

  it('a completion that was accepted and did not last', () => {
    expect(ledgerOf().check([{ id: 't', status: 'FAILED' }])).toEqual([
      'task "t" was completed under lease x, but is FAILED',
    ]);
  });

  it('an attempt that two workers were given', () => {
    const ledger = ledgerOf();
    ledger.started('t', 'x');
    expect(ledger.check(done)).toEqual(['task "t" was started twice under lease x']);
  });

  it('an outcome of an attempt that nobody began', () => {
    const ledger = ledgerOf();
    ledger.accepted('t', 'z', 'PENDING');
    expect(ledger.check(done)).toEqual(['task "t" was accepted as PENDING under lease z, which was never started']);
  });

  it('a gap in the events', () => {
    expect(ledgerOf({ events: [1, 3] }).check(done)).toEqual(['task "t" lacks event 2 of 3']);
    expect(ledgerOf({ events: [5] }).check(done)).toEqual(['task "t" lacks event 1, 2, 3, 4 of 5']);
  });

  it('events out of order', () => {
    expect(ledgerOf({ events: [1, 3, 2] }).check(done)).toEqual(['task "t" was told of by event 2 only after event 3']);
  });

  it('two events under one number', () => {
    const ledger = ledgerOf();
    ledger.event({ taskId: 't', sequence: 3, kind: 'failed', status: 'FAILED' });
    expect(ledger.check(done)).toEqual(['task "t" has two events 3: "succeeded" and "failed"']);
  });

  it('every problem of every task at once', () => {
    const ledger = ledgerOf({ events: [2, 1] });
    ledger.acknowledged('gone');
    ledger.started('ghost', 'y');
    expect(ledger.check(done)).toEqual([
      'task "t" was told of by event 1 only after event 2',
      'task "gone" was acknowledged, and is lost',
      'task "ghost" is there, but nobody submitted it',
    ]);
  });
});
