import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodeOf } from './error-code.ts';

/** A file to be analysed. */
export interface FoundFile {
  /** Relative to the folder, with "/"; roughly, if `bytes` is there. */
  readonly path: string;
  /** The absolute path as it is on the disk, if that is not UTF-8. */
  readonly bytes?: Buffer;
}

/** A folder or link that was passed by. */
export interface Skipped {
  /** Relative to the folder. */
  readonly path: string;
  readonly why: string;
}

/** What is in a folder. */
export interface Listing {
  readonly files: readonly FoundFile[];
  readonly skipped: readonly Skipped[];
}

/** Why a generated folder was passed by. */
export const GENERATED = 'generated';

/** Folders that tools fill and that are rarely meant when someone names a project. */
const GENERATED_FOLDERS: ReadonlySet<string> = new Set([
  ...['.git', '.hg', '.svn', '.nx', '.orrery', '.venv', '.cache'],
  ...['node_modules', '__pycache__', 'coverage', 'dist'],
]);

/** What tools put into folders that can be made anew: https://bford.info/cachedir/ */
const CACHE_MARK = 'CACHEDIR.TAG';

/**
 * Finds every file below a folder, sorted. Links to folders are not followed; generated folders are passed by unless `all` is set,
 * `except` (the demo's own data) always. Throws if the folder itself cannot be read.
 */
export async function listFiles(folder: string, options: { all: boolean; except?: string }): Promise<Listing> {
  const files: FoundFile[] = [];
  const skipped: Skipped[] = [];
  const except = options.except && (await realpath(options.except).catch(() => undefined));
  await walk(Buffer.from(await realpath(folder)), '');
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, skipped };

  async function walk(directory: Buffer, shown: string): Promise<void> {
    for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
      const path = shown + entry.name.toString();
      const bytes = Buffer.concat([directory, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) await enter(bytes, path, entry);
      else if (entry.isSymbolicLink() && (await isFolder(bytes))) skipped.push({ path, why: 'a link to a folder' });
      else files.push(isUtf8(bytes) ? { path } : { path, bytes });
    }
  }

  async function enter(directory: Buffer, path: string, { name }: Dirent<Buffer>): Promise<void> {
    if (directory.toString() === except) return;
    if (!options.all) {
      const generated =
        GENERATED_FOLDERS.has(name.toString()) || (await exists(join(directory.toString(), CACHE_MARK)));
      if (generated) return void skipped.push({ path, why: GENERATED });
    }
    try {
      await walk(directory, `${path}/`);
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === undefined) throw error;
      skipped.push({ path, why: `cannot be read: ${code}` });
    }
  }
}

async function isFolder(path: Buffer): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
