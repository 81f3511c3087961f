import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const PATH_ALSO = ['/usr/sbin', '/usr/local/bin', '/usr/local/sbin'];
const START_WITHIN_MS = 10_000;
const KEPT_LINES = 10;
const run = promisify(execFile);

/** A server that is no npm package: its name, the Debian package that has it, and how to run it. */
export interface Program {
  readonly name: string;
  readonly debianPackage: string;
  readonly args: readonly string[];
  /** What it writes once it takes connections. */
  readonly ready: RegExp;
}

/** Starts a program and waits until it is ready; whoever has the stack ends it. Throws when it is not there or does not start. */
export async function startProgram(ground: AsyncDisposableStack, program: Program): Promise<void> {
  const file = await findProgram(program);
  if (ground.disposed) throw new Error(`${program.name} is not needed any more`);
  const child = spawn(file, program.args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  ground.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const lines: string[] = [];
  const ready = Promise.withResolvers<undefined>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      if (program.ready.test(line)) ready.resolve(undefined);
    });
  }
  const late = setTimeout(() => ready.reject(new Error('not ready in time')), START_WITHIN_MS);
  void ended.then(() => ready.reject(new Error('ended')));
  try {
    await ready.promise;
  } catch (error) {
    throw new Error(`${program.name} did not start:\n${lines.join('\n')}`, { cause: error });
  } finally {
    clearTimeout(late);
  }
}

async function findProgram({ name, debianPackage }: Program): Promise<string> {
  const found = await onPath(name);
  if (found) return found;
  if (process.getuid?.() === 0) await run('apt-get', ['install', '-y', '-q', debianPackage]).catch(() => undefined);
  const installed = await onPath(name);
  if (installed) return installed;
  throw new Error(`${name} is not installed; on Debian: apt-get install ${debianPackage}. Or leave out what needs it.`);
}

async function onPath(name: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...PATH_ALSO];
  for (const folder of folders) {
    const file = join(folder, name);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
