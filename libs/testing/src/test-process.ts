import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const KEPT_LINES = 40;

/** A real process under test, run from source; ended with whatever signal the test likes. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** Resolves with the first line of standard output, from now on, that the pattern matches; rejects if the process ends first. */
  line(pattern: RegExp): Promise<string>;
  /** The same for standard error. */
  errorLine(pattern: RegExp): Promise<string>;
  /** Resolves with its exit code once it has ended by itself; null if a signal ended it. */
  readonly exit: Promise<number | null>;
  /** Writes a line to its standard input. */
  say(text: string): void;
  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and waits until it has ended; returns its exit code, null if the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** With a cache of what was compiled, processes start three times as fast. */
const PASSED_ON = ['PATH', 'NODE_COMPILE_CACHE'];

/** Starts a TypeScript file as a process of its own, with this Node and only these variables beside PATH. */
export function startProcess(
  file: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): TestProcess {
  const child = spawn(process.execPath, ['--conditions=@orrery/source', '--no-warnings', file, ...args], {
    env: { ...pick(process.env, PASSED_ON), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const output = watchLines(child.stdout);
  const errors = watchLines(child.stderr);
  const orEnd = (line: Promise<string>, pattern: RegExp): Promise<string> =>
    Promise.race([
      line,
      ended.then((code) => {
        throw new Error(`${file} ended with ${code} before ${pattern}\n${errors.last()}`);
      }),
    ]);
  return {
    child,
    exit: ended,
    line: (pattern) => orEnd(output.next(pattern), pattern),
    errorLine: (pattern) => orEnd(errors.next(pattern), pattern),
    say: (text) => void child.stdin.write(`${text}\n`),
    signal: (signal) => void child.kill(signal),
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** Hands out lines as they come, and keeps the last ones for the case that something goes wrong. */
function watchLines(stream: Readable) {
  const waiting = new Set<{ readonly pattern: RegExp; readonly found: (line: string) => void }>();
  const kept: string[] = [];
  createInterface(stream).on('line', (line) => {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    for (const one of waiting) {
      if (!one.pattern.test(line)) continue;
      waiting.delete(one);
      one.found(line);
    }
  });
  return {
    next: (pattern: RegExp) => new Promise<string>((found) => waiting.add({ pattern, found })),
    last: () => kept.join('\n'),
  };
}

/** A TCP port on the loopback interface that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
