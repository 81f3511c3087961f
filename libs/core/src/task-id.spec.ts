import { validate, version } from 'uuid';
import { newTaskId } from './task-id.ts';

describe('newTaskId', () => {
  const ids = Array.from({ length: 20_000 }, newTaskId);

  it('makes UUIDs of version 7', () => {
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  });

  it('never makes the same twice', () => {
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('makes ids that sort by the order of their making, also within a millisecond', () => {
    expect([...ids].sort()).toEqual(ids);
  });

  it('says when they were made', () => {
    const before = Date.now();
    const millis = Number.parseInt(newTaskId().replaceAll('-', '').slice(0, 12), 16);
    expect(millis).toBeGreaterThanOrEqual(before);
    expect(millis).toBeLessThanOrEqual(Date.now());
  });
});
