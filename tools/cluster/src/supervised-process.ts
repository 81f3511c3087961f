import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from '@orrery/duration';
import type { LogEntry } from './log-entry.ts';
import type { ProcessKind, ProcessSpec } from './process-spec.ts';
import { signalTree } from './process-tree.ts';
import type { Reaper } from './reaper.ts';

/** A process of the cluster. One that ends by itself or is killed is started again, until it is stopped. */
export interface ClusterProcess {
  readonly name: string;
  readonly kind: ProcessKind;
  /** "host:port", the same after each restart; null if it does not listen. */
  readonly address: string | null;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** How often it was started again after an end that nobody had asked for. */
  readonly restarts: number;
  /** Resolves when it is ready, at once if it is; rejects if it is stopped. */
  ready(): Promise<void>;
  /** Sends a signal (SIGKILL unless given) to it and its children, and resolves when it has ended; it is then started again. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it and leaves it down: in good order, or by a signal; returns its exit code, null if a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts it if it is down; resolves when it is ready. */
  start(): Promise<void>;
  /** Stops it in good order and starts it. */
  restart(): Promise<void>;
  /** Freezes it and its children: it keeps its connections and answers nobody. */
  pause(): void;
  /** Lets it go on. */
  resume(): void;
}

/** What processes need from the cluster. */
export interface Surroundings {
  readonly log: (entry: LogEntry) => void;
  readonly reaper: Reaper;
}

const FIRST_DELAY = Duration.ofMillis(200);
const MAX_DELAY = Duration.ofSeconds(5);
const HEALTHY_AFTER = Duration.ofSeconds(10);
const STOP_GRACE = Duration.ofSeconds(20);
const KEPT_LINES = 15;
const LAST_WORDS_MS = 500;

/** Runs a process and looks after it. */
export class SupervisedProcess implements ClusterProcess {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly address: string | null;
  restarts = 0;
  readonly #spec: ProcessSpec;
  readonly #around: Surroundings;
  #child: ChildProcess | null = null;
  #exited: Promise<number | null> = Promise.resolve(null);
  #ready = Promise.withResolvers<void>();
  #wanted = false;
  #everReady = false;
  #paused = false;
  #inARow = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(spec: ProcessSpec, around: Surroundings) {
    this.name = spec.name;
    this.kind = spec.kind;
    this.address = spec.address;
    this.#spec = spec;
    this.#around = around;
    this.#ready.promise.catch(() => undefined);
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Before it was ready for the first time, an early end is not mended but rejects, with the last lines it wrote. */
  async start(): Promise<void> {
    if (!this.#wanted) {
      this.#wanted = true;
      this.#renewReady();
      this.#spawn();
    }
    await this.#ready.promise;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#signal(signal);
    // Whatever is frozen does not notice any other signal.
    if (signal !== 'SIGKILL') this.resume();
    await this.#exited;
  }

  async stop(signal?: NodeJS.Signals): Promise<number | null> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#ready.reject(new Error(`${this.name} was stopped`));
    const child = this.#child;
    if (!child) return null;
    if (signal === undefined) child.kill(this.#spec.stopSignal);
    else this.#signal(signal);
    this.resume();
    const deadline = setTimeout(() => {
      this.#say(`did not end within ${STOP_GRACE.toString()}: killed`);
      this.#signal('SIGKILL');
    }, STOP_GRACE.toMillis());
    const code = await this.#exited;
    clearTimeout(deadline);
    return code;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  pause(): void {
    this.#paused = true;
    this.#signal('SIGSTOP');
  }

  resume(): void {
    if (this.#paused) this.#signal('SIGCONT');
    this.#paused = false;
  }

  #spawn(): void {
    const { command, args, env, owner, isReady, readyWithin } = this.#spec;
    const startedAt = performance.now();
    // A group of its own: Ctrl-C reaches the cluster alone, which then ends the others in order.
    const options = { env: { ...env }, detached: true, ...owner } as const;
    const child = spawn(command, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const { pid } = child;
    this.#child = child;
    if (pid !== undefined) this.#around.reaper.started(pid);
    const lastLines: string[] = [];
    const late = setTimeout(() => {
      this.#say(`was not ready within ${readyWithin.toString()}: killed`);
      this.#signal('SIGKILL');
    }, readyWithin.toMillis());
    const read = (line: string): void => {
      this.#around.log({ process: this.name, line, ofCluster: false });
      lastLines.push(line);
      if (lastLines.length > KEPT_LINES) lastLines.shift();
      if (this.#child !== child || !isReady(line)) return;
      clearTimeout(late);
      this.#everReady = true;
      this.#ready.resolve();
    };
    createInterface(child.stdout).on('line', read);
    createInterface(child.stderr).on('line', read);
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const exited = Promise.withResolvers<number | null>();
    this.#exited = exited.promise;
    const onEnd = (how: string, code: number | null): void => {
      if (this.#child !== child) return;
      clearTimeout(late);
      this.#child = null;
      this.#paused = false;
      if (pid !== undefined) this.#around.reaper.ended(pid);
      if (this.#wanted && !this.#everReady) {
        this.#wanted = false;
        void Promise.race([closed, pause(LAST_WORDS_MS)]).then(() => this.#failStart(how, lastLines));
      } else if (this.#wanted) this.#startAgain(how, performance.now() - startedAt);
      exited.resolve(code);
    };
    child.once('exit', (code, signal) => onEnd(signal ? `was ended by ${signal}` : `exited with ${code}`, code));
    child.once('error', (error) => onEnd(`could not be started: ${error.message}`, null));
  }

  #startAgain(how: string, ranForMillis: number): void {
    this.#inARow = ranForMillis >= HEALTHY_AFTER.toMillis() ? 1 : this.#inARow + 1;
    this.restarts += 1;
    const delay = delayBefore(this.#inARow);
    this.#say(`${how}: starting it again in ${delay.toString()}`);
    this.#renewReady();
    this.#timer = setTimeout(() => this.#spawn(), delay.toMillis());
  }

  #failStart(how: string, lastLines: readonly string[]): void {
    const said = lastLines.length === 0 ? '' : `; it said:\n  ${lastLines.join('\n  ')}`;
    this.#ready.reject(new Error(`${this.name} ${how} before it was ready${said}`));
  }

  #renewReady(): void {
    // Whoever waits already goes on waiting for the next time.
    const before = this.#ready;
    this.#ready = Promise.withResolvers();
    this.#ready.promise.catch(() => undefined);
    this.#ready.promise.then(before.resolve, before.reject);
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) signalTree(pid, signal);
  }

  #say(line: string): void {
    this.#around.log({ process: this.name, line, ofCluster: true });
  }
}

/** How long to wait before the nth restart in a row. */
function delayBefore(restart: number): Duration {
  const delay = FIRST_DELAY.times(2 ** Math.min(restart - 1, 10));
  return delay.compareTo(MAX_DELAY) > 0 ? MAX_DELAY : delay;
}
