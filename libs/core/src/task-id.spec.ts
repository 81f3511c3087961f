import { newTaskId } from './task-id.ts';

describe('a new task id', () => {
  it('is a UUIDv7 in lower case', () => {
    expect(newTaskId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts behind all that this process made before', () => {
    const ids = Array.from({ length: 10_000 }, newTaskId);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
