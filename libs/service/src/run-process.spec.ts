import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Runs the text as a module in a process of its own; what it prints is waited for, not time. */
function run(source: string) {
  const prelude = `import { runProcess } from './run-process.ts'; import { ConfigError } from './read-env.ts';
    import { createLogger } from './logger.ts'; const logger = createLogger({ level: 'info', format: 'json' });
    const say = (text: string) => console.log(text); setInterval(() => {}, 1000);`;
  const args = ['--conditions=@orrery/source', '--input-type=module-typescript', '-e', prelude + source];
  const child = spawn(process.execPath, args, { cwd: here, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    said: async (text: string) => {
      while (!out.includes(text)) await once(child.stdout, 'data');
    },
    ended: async () => {
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, out, err };
    },
  };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops it, once, and it exits with 0', async (signal) => {
  const child = run(`runProcess('x', async (signal) => {
    signal.addEventListener('abort', () => say('told'));
    say('started');
    return { stop: async () => say('stopped') };
  }, logger);`);
  await child.said('started');
  child.kill(signal);
  expect(await child.ended()).toMatchObject({ code: 0, out: 'started\ntold\nstopped\n' });
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second signal, %s, exits at once with %i', async (signal, expected) => {
  const child = run(`runProcess('x', async () => {
    say('started');
    return { stop: () => { say('stopping'); return new Promise(() => {}); } };
  }, logger);`);
  await child.said('started');
  child.kill('SIGTERM');
  await child.said('stopping');
  child.kill(signal);
  expect((await child.ended()).code).toBe(expected);
});

test('asked to stop while it starts, it does so when started', async () => {
  const child = run(`runProcess('x', async (signal) => {
    say('starting');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { stop: async () => say('stopped') };
  }, logger);`);
  await child.said('starting');
  child.kill('SIGTERM');
  expect(await child.ended()).toMatchObject({ code: 0, out: 'starting\nstopped\n' });
});

test('a start that gives up when asked to stop is no failure', async () => {
  const child = run(`runProcess('x', async (signal) => {
    say('starting');
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    throw new Error('unreachable');
  }, logger);`);
  await child.said('starting');
  child.kill('SIGTERM');
  expect(await child.ended()).toMatchObject({ code: 0 });
});

test.each([
  ['a start that fails', `runProcess('x', async () => { throw new Error('boom'); }, logger);`],
  [
    'a stop that fails',
    `runProcess('x', async () => { process.kill(process.pid, 'SIGTERM'); return { stop: async () => { throw new Error('boom'); } }; }, logger);`,
  ],
  [
    'an error nobody catches',
    `runProcess('x', async () => { setImmediate(() => { throw new Error('boom'); }); return { stop: async () => {} }; }, logger);`,
  ],
  [
    'a rejection nobody catches',
    `runProcess('x', async () => { void Promise.reject(new Error('boom')); return { stop: async () => {} }; }, logger);`,
  ],
])('%s is logged and exits with 1', async (_, source) => {
  const { code, err } = await run(source).ended();
  expect(code).toBe(1);
  expect(err).toContain('"message":"boom"');
});

test('a wrong configuration is told without a stack', async () => {
  const { code, err } = await run(
    `runProcess('x', async () => { throw new ConfigError('PORT is wrong'); }, logger);`,
  ).ended();
  expect(code).toBe(1);
  expect(err).toContain('PORT is wrong');
  expect(err).not.toContain('stack');
});
