import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** When something was measured, in milliseconds of the monotonic clock. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

const FILE = 'measured.json';

/** Leaves beside the profiles when the measurement was, so that start and warm-up can be told from it. */
export async function writeWindows(folder: string, windows: readonly Window[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, FILE), JSON.stringify(windows));
}

/** Whether something was measured at a time, by what lies beside the profiles; always, if nothing does. */
export async function readWindows(folder: string): Promise<(atMs: number) => boolean> {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return () => true;
  const windows = JSON.parse(text) as readonly Window[];
  return (atMs) => windows.some(({ from, to }) => atMs >= from && atMs <= to);
}
