import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CHUNK = Buffer.alloc(64 * 1024);

/** A file system of a fixed size. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves no byte free; may be called again when somebody else has freed some. */
  fill(): void;
  free(): void;
  unmount(): Promise<void>;
}

/** Mounts a file system in memory; throws, with what the system says, where that is not permitted. */
export async function mountSmallDisk(path: string, mebibytes: number): Promise<SmallDisk> {
  mkdirSync(path, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'tmpfs', path]);
  const filler = join(path, 'filler');
  return {
    path,
    fill: () => {
      const file = openSync(filler, 'a');
      try {
        for (let size = CHUNK.length; size >= 1;) {
          try {
            writeSync(file, CHUNK, 0, size);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
            size = Math.floor(size / 4);
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    unmount: async () => {
      await run('umount', ['--lazy', path]);
    },
  };
}
