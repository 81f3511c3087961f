import { readFileSync } from 'node:fs';
import { TASK_EVENT_KINDS } from './task-event.ts';
import { canTransition, isTerminal, TRANSITIONS } from './task-state.ts';
import { TASK_STATUSES } from './task.ts';

const page = readFileSync(new URL('../../../docs/state-machine.md', import.meta.url), 'utf8');
const diagram = /```mermaid\nstateDiagram-v2\n(.*?)```/s.exec(page)?.[1] ?? '';
const arrows = [...diagram.matchAll(/^ *(\S+) --> (\S+?)(?:: (.+))?$/gm)].map(
  ([, from = '', to = '', events = '']) => ({
    from,
    to,
    events: events.split(', ').sort(),
  }),
);
const rows = [...page.matchAll(/^\| `(\w+)` \| (\S+) \| (\S+) \| `?([\w-]+)`? \| (.+) \|$/gm)].map(
  ([, command, from = '', to = '', event = '', guard]) => ({ command, from, to, event, guard }),
);

describe('docs/state-machine.md', () => {
  const inner = arrows.filter(({ from, to }) => from !== '[*]' && to !== '[*]');

  it('draws exactly the legal changes of status', () => {
    const legal = Object.entries(TRANSITIONS).flatMap(([from, tos]) => tos.map((to) => `${from} ${to}`));
    expect(inner.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(legal.sort());
  });

  it('draws where a task begins and ends', () => {
    expect(arrows.filter(({ from }) => from === '[*]').map(({ to }) => to)).toEqual(['PENDING']);
    const ends = arrows.filter(({ to }) => to === '[*]').map(({ from }) => from);
    expect(ends.sort()).toEqual(TASK_STATUSES.filter(isTerminal).sort());
  });

  it('lists every event, and no other', () => {
    const events = new Set(rows.map(({ event }) => event).filter((event) => event !== 'none'));
    expect([...events].sort()).toEqual([...TASK_EVENT_KINDS].sort());
  });

  it('names on each arrow the events that its rows list', () => {
    for (const { from, to, events } of inner) {
      const listed = rows.filter((row) => row.from === from && row.to === to).map(({ event }) => event);
      expect([from, to, events]).toEqual([from, to, [...new Set(listed)].sort()]);
    }
  });

  it('lists legal changes only', () => {
    const statuses: readonly string[] = TASK_STATUSES;
    for (const { from, to } of rows) {
      if (from === '-') expect(to).toBe('PENDING');
      else if (to === '-') expect(statuses).toContain(from);
      else expect([statuses.includes(from), canTransition(from as 'PENDING', to as 'PENDING')]).toEqual([true, true]);
    }
    expect(rows.length).toBeGreaterThan(10);
  });
});

describe('A1: the state machine', () => {
  it('lets a task stay as it is, and no ended one change but a FAILED one to be redriven', () => {
    for (const status of TASK_STATUSES) expect(canTransition(status, status)).toBe(true);
    const fromEnds = TASK_STATUSES.filter(isTerminal).flatMap((from) =>
      TASK_STATUSES.filter((to) => to !== from && canTransition(from, to)).map((to) => `${from} ${to}`),
    );
    expect(fromEnds).toEqual(['FAILED PENDING']);
    expect(TASK_STATUSES.filter(isTerminal)).toEqual(['SUCCEEDED', 'FAILED', 'CANCELLED']);
  });
});
