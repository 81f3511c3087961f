import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Duration } from '@orrery/duration';
import { findProgram } from './find-program.ts';
import type { ProcessSpec } from './process-spec.ts';

const HOST = '127.0.0.1';

/** There is no nats-server on this machine; the message says how to install it. */
export class NatsMissingError extends Error {
  override readonly name = 'NatsMissingError';

  constructor() {
    super(
      'there is no nats-server on this machine. Debian and Ubuntu: "apt-get install nats-server"; macOS: ' +
        '"brew install nats-server"; others: https://github.com/nats-io/nats-server/releases (ORRERY_NATS_SERVER may name the program). Or do without it: --no-nats',
    );
  }
}

/** A NATS with JetStream whose configuration is there. */
export interface NatsProcess {
  readonly spec: ProcessSpec;
  /** "nats://host:port". */
  readonly url: string;
  /** What people should know about this version, if anything. */
  readonly caution: string | null;
}

/** Prepares a NATS of the cluster's own, with its data below `folder`; throws a NatsMissingError if there is no program for it. */
export async function prepareNats(options: {
  readonly folder: string;
  readonly port: number;
  readonly env: ProcessSpec['env'];
  /** The path of nats-server, if it is not to be looked for. */
  readonly program: string | undefined;
}): Promise<NatsProcess> {
  const { folder, port, env } = options;
  const command = options.program ?? (await findProgram('nats-server', env['PATH']));
  if (command === undefined) throw new NatsMissingError();
  const { stdout } = await promisify(execFile)(command, ['--version']);
  const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number);
  const canSync = major > 2 || (major === 2 && minor >= 10);
  await mkdir(join(folder, 'nats'), { recursive: true });
  const config = join(folder, 'nats.conf');
  await writeFile(config, configuration(port, join(folder, 'nats'), canSync));
  return {
    spec: {
      name: 'nats',
      kind: 'nats',
      address: `${HOST}:${port}`,
      command,
      args: ['-c', config],
      env,
      isReady: (line) => line.includes('Server is ready'),
      readyWithin: Duration.ofSeconds(30),
      stopSignal: 'SIGTERM',
    },
    url: `nats://${HOST}:${port}`,
    caution: canSync
      ? null
      : `is version ${major}.${minor}, which cannot sync before it acknowledges (2.10 can): the database has what a power cut takes from it`,
  };
}

function configuration(port: number, store: string, canSync: boolean): string {
  const sync = canSync ? '  sync_interval: always\n' : '';
  return `listen: "${HOST}:${port}"\njetstream {\n  store_dir: ${JSON.stringify(store)}\n${sync}}\n`;
}
