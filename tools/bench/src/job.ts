import type { Job } from './queue-system.ts';

const PAYLOAD_BYTES = 100;
const FRAME_BYTES = JSON.stringify({ number: 0, text: '' }).length;

/** The job of a number, 100 bytes long as JSON (a few more from number 10 on). */
export function jobOf(number: number): Job {
  return { number, text: TEXT };
}

const TEXT = 'x'.repeat(PAYLOAD_BYTES - FRAME_BYTES);

/** The jobs from a number on. */
export function jobsFrom(number: number, count: number): Job[] {
  return Array.from({ length: count }, (_, index) => jobOf(number + index));
}
