import { refusalToRpc, taskv1 } from '@orrery/contracts';
import { leaseLost, Refusal, type RefusalReason } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { errorFromStatus, type Logger } from '@orrery/rpc';
import { ManualTimers } from '@orrery/rpc/testing';
import type { Outcome } from './outcome.ts';
import { judge, OutcomeSender } from './outcome-sender.ts';

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const completed = (taskId: string): Outcome => ({ kind: 'completed', lease: { taskId, token: 'x' }, result: null });
const released = (taskId: string): Outcome => ({ kind: 'released', lease: { taskId, token: 'y' } });
const answer = (taskId: string, refusal?: Refusal) => ({
  taskId,
  status: taskv1.TaskStatus.SUCCEEDED,
  error: refusal && refusalToRpc(refusal),
});

function setUp() {
  const written: (readonly Outcome[])[] = [];
  const timers = new ManualTimers();
  const stream = { open: true };
  const write = (outcomes: readonly Outcome[]) => {
    if (stream.open) written.push(outcomes);
    return stream.open;
  };
  return { sender: new OutcomeSender({ write, timers, logger: silent }), written, timers, stream };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('judge', () => {
  it.each<[RefusalReason, string]>([
    ['LEASE_LOST', 'void'],
    ['TASK_CANCELLED', 'void'],
    ['TASK_NOT_FOUND', 'void'],
    ['STORE_UNAVAILABLE', 'again'],
    ['PAYLOAD_TOO_LARGE', 'refused'],
  ])('takes %s for %s', (reason, verdict) => {
    expect(judge(errorFromStatus(refusalToRpc(new Refusal(reason, 'no'))))).toBe(verdict);
  });

  it('takes no error for acceptance', () => {
    expect(judge(null)).toBe('accepted');
  });
});

describe('OutcomeSender', () => {
  it('says again on the next stream what was said when there was none, or was not answered', async () => {
    const { sender, written, stream, timers } = setUp();
    sender.report(completed('answered'));
    await turn();
    sender.answered([answer('answered')]);
    await turn();
    sender.report(completed('unanswered'));
    await turn();
    stream.open = false;
    sender.report(completed('offline'));
    timers.advance(Duration.ofMillis(2));
    await turn();
    stream.open = true;
    sender.resend();
    const said = written.map((outcomes) => outcomes.map(({ lease }) => lease.taskId));
    expect(said).toEqual([['answered'], ['unanswered'], ['unanswered', 'offline']]);
    sender.answered([answer('unanswered', leaseLost('unanswered'))]);
    await turn();
    expect(sender.pending).toBe(1);
    sender.answered([answer('offline')]);
    await sender.whenIdle();
  });

  it('keeps two outcomes of one task apart', async () => {
    const { sender, written } = setUp();
    sender.report(released('t'));
    sender.report(completed('t'));
    await turn();
    sender.answered([answer('t')]);
    expect(sender.pending).toBe(1);
    sender.resend();
    expect(written.at(-1)).toEqual([completed('t')]);
    sender.answered([answer('t')]);
    await sender.whenIdle();
  });

  it('says again what the server could not store, and is not idle before that is done', async () => {
    const { sender, written, timers } = setUp();
    sender.report(completed('t'));
    await turn();
    sender.answered([answer('t', new Refusal('STORE_UNAVAILABLE', 'busy'))]);
    await turn();
    expect(sender.pending).toBe(1);
    timers.advance(Duration.ofSeconds(1));
    await turn();
    expect(written).toEqual([[completed('t')], [completed('t')]]);
    sender.answered([answer('t')]);
    await sender.whenIdle();
  });
});
