import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** Functions that another process offers. */
export type Methods<M> = { readonly [K in keyof M]: (...args: never[]) => unknown };

/** The same functions, called from outside: each answers later. */
export type Remote<M extends Methods<M>> = {
  readonly [K in keyof M]: (...args: Parameters<M[K]>) => Promise<Awaited<ReturnType<M[K]>>>;
};

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Offers functions to the process that started this one, and ends when that is gone. */
export function serveRemote<M extends Methods<M>>(methods: M): void {
  const table: ReadonlyMap<string, (...args: never[]) => unknown> = new Map(Object.entries(methods));
  const answer = async ({ id, method, args }: Call): Promise<Answer> => {
    try {
      return { id, value: await table.get(method)?.(...(args as never[])) };
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (call: Call) => void answer(call).then((reply) => process.send?.(reply)));
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole group; the process that started this one ends it in order.
  process.on('SIGINT', () => {});
}

/** A process that offers functions. */
export interface RemoteProcess<M extends Methods<M>> extends AsyncDisposable {
  readonly pid: number;
  readonly call: Remote<M>;
}

/** Starts a script that calls `serveRemote`; calls reject if it ends before it answers. Disposing ends it. */
export function startRemote<M extends Methods<M>>(script: URL, nodeFlags: readonly string[] = []): RemoteProcess<M> {
  const child = fork(script, {
    execArgv: ['--conditions=@orrery/source', '--no-warnings', ...nodeFlags],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${script.pathname} did not start`);
  const send = caller(child, script.pathname);
  const call = new Proxy({} as Remote<M>, {
    get:
      (_, method: string) =>
      (...args: unknown[]) =>
        send(method, args),
  });
  return {
    pid,
    call,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

function caller(child: ChildProcess, name: string) {
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  child.on('message', (message) => {
    const { id, value, error } = message as Answer;
    const call = pending.get(id);
    pending.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(`${name}: ${error}`));
  });
  child.once('exit', (code, signal) => {
    for (const call of pending.values()) call.reject(new Error(`${name} ended with ${code ?? signal}`));
    pending.clear();
  });
  return (method: string, args: readonly unknown[]): Promise<unknown> => {
    const call = Promise.withResolvers<unknown>();
    const id = ++last;
    pending.set(id, call);
    child.send({ id, method, args } satisfies Call, (error) => {
      if (error) call.reject(error);
    });
    return call.promise;
  };
}
