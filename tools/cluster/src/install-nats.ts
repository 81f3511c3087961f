import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { findProgram } from './find-program.ts';

/** Where to ask and to tell. */
export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream & { readonly fd: number };
}

/**
 * Offers root on Debian and its kin to install nats-server, and does so unless the answer is no; where nobody can be asked, it is
 * installed and said. Returns whether it was installed.
 */
export async function installNats({ input, output }: Terminal, path: string | undefined): Promise<boolean> {
  const apt = await findProgram('apt-get', path);
  if (apt === undefined || process.getuid?.() !== 0) return false;
  if (input.isTTY && output.isTTY) {
    const terminal = createInterface({ input, output });
    const answer = await terminal.question('There is no nats-server. Install the package "nats-server" now? [Y/n] ');
    terminal.close();
    if (/^\s*n/i.test(answer)) return false;
  } else output.write('cluster: there is no nats-server: installing the package "nats-server"\n');
  const run = (...args: string[]): boolean =>
    spawnSync(apt, args, {
      stdio: ['ignore', output.fd, output.fd],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  // Its lists may be missing or old.
  return (
    run('-q', '-y', 'install', 'nats-server') || (run('-q', 'update') && run('-q', '-y', 'install', 'nats-server'))
  );
}
