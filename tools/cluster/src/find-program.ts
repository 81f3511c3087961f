import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

// Debian keeps servers there, and leaves it off the PATH of everyone but root.
const ALSO = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin'];

/** The path of a program, found as a shell would and where servers are kept besides; undefined if it is not there. */
export async function findProgram(name: string, path = ''): Promise<string | undefined> {
  for (const folder of [...path.split(delimiter).filter((each) => each !== ''), ...ALSO]) {
    if (await isExecutable(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

/** Whether there is a program of that path. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The names in a folder, none if it is not there. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
