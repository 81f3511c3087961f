import type { ReceivedLease } from '@orrery/contracts';
import fc from 'fast-check';
import { type HeldLease, LeaseTable } from './lease-table.ts';

const lease = (id: string): ReceivedLease => ({
  token: `${id}/token`,
  expiresAt: new Date(0),
  task: {
    id,
    queue: 'default',
    type: 'echo',
    params: { data: new Uint8Array(), contentType: 'application/json' },
    attempt: 1,
    maxAttempts: 5,
    runTimeout: null,
    heartbeatTimeout: null,
    labels: {},
    correlationId: '',
    traceparent: '',
    createdAt: new Date(0),
    priority: 0,
    typeVersion: 0,
  },
});

describe('LeaseTable', () => {
  it('starts leases in the order in which they came', () => {
    const table = new LeaseTable(2, 2);
    for (const id of ['a', 'b', 'c']) table.add(lease(id), 0, 1);
    expect([table.startNext(), table.startNext(), table.startNext()].map((held) => held?.ref.taskId)).toEqual([
      'a',
      'b',
      undefined,
    ]);
    table.free();
    expect(table.startNext()?.ref.taskId).toBe('c');
  });

  it('knows only the newest lease on a task', () => {
    const table = new LeaseTable(2, 2);
    const older = table.add(lease('a'), 0, 1);
    const newer = table.add({ ...lease('a'), token: 'newer' }, 0, 1);
    table.drop(older);
    expect(table.find('a')).toBe(newer);
    expect(table.find('a', 'a/token')).toBeUndefined();
  });

  it('never has room for more than its slots and what is claimed ahead, nor starts more than its slots', () => {
    const command = fc.constantFrom('claim', 'start', 'end', 'drop', 'reconnect');
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), fc.array(command, { maxLength: 100 }), (extra, prefetch, commands) => {
        const concurrency = extra + 1;
        const table = new LeaseTable(concurrency, prefetch);
        const running: HeldLease[] = [];
        let outstanding = 0;
        let ids = 0;
        const grant = () => (outstanding += table.room(outstanding));
        grant();
        for (const next of commands) {
          if (next === 'claim' && outstanding > 0) {
            outstanding -= 1;
            table.add(lease(`t${(ids += 1)}`), 0, 1);
          } else if (next === 'start') {
            const held = table.startNext();
            if (held) running.push(held);
          } else if (next === 'end') {
            const held = running.shift();
            if (held) {
              table.drop(held);
              table.free();
            }
          } else if (next === 'drop' && table.ready[0]) table.drop(table.ready[0]);
          // Credits of the stream before are void.
          else if (next === 'reconnect') outstanding = 0;
          grant();
          expect(table.running).toBe(running.length);
          expect(table.running).toBeLessThanOrEqual(concurrency);
          expect(table.running + table.ready.length + outstanding).toBe(concurrency + prefetch);
        }
      }),
    );
  });
});
