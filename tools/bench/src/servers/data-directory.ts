import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty directory, deleted with the stack. */
export function dataDirectory(ground: AsyncDisposableStack, name: string): string {
  if (ground.disposed) throw new Error(`${name} is not needed any more`);
  const directory = mkdtempSync(join(tmpdir(), `orrery-bench-${name}-`));
  ground.defer(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
