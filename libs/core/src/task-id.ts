import { v7 } from 'uuid';

/** A new task id: a UUIDv7, so that ids sort by the time of their making. */
export function newTaskId(): string {
  return v7();
}
