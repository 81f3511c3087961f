// Lint, format and compatibility of the protocol files, and whether the generated code is what they generate.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GENERATED = 'libs/contracts/src/generated';
const scratch = mkdtempSync(join(tmpdir(), 'orrery-proto-'));

/** Runs a command with its output shown, and tells whether it succeeded. */
function succeeds(command: string, ...args: string[]): boolean {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) throw error;
  return status === 0;
}

/** The last commit on main, here or at the origin, if this clone has one that holds protocol files. */
function baseline(): string | undefined {
  const holdsProto = (ref: string): boolean =>
    spawnSync('git', ['cat-file', '-e', `${ref}:proto/buf.yaml`], { stdio: 'ignore' }).status === 0;
  return ['refs/heads/main', 'refs/remotes/origin/main'].find(holdsProto);
}

function staysCompatible(): boolean {
  const ref = baseline();
  if (ref === undefined) {
    console.log('buf breaking: not checked, this clone has no main branch with protocol files');
    return true;
  }
  const before = join(scratch, 'before.tar');
  return (
    succeeds('git', 'archive', '--output', before, ref, 'proto') &&
    succeeds('buf', 'breaking', 'proto', '--against', `${before}#subdir=proto`)
  );
}

function isReproducible(): boolean {
  const again = join(scratch, GENERATED);
  return (
    succeeds('buf', 'generate', 'proto', '--template', 'proto/buf.gen.yaml', '--output', scratch) &&
    succeeds('buf', 'build', 'proto', '--as-file-descriptor-set', '--output', join(again, 'image.binpb')) &&
    succeeds('git', 'diff', '--no-index', '--exit-code', '--stat', GENERATED, again)
  );
}

const VENDORED = ['--exclude-path', 'proto/google', '--exclude-path', 'proto/grpc'];
const checks: readonly (readonly [name: string, advice: string, check: () => boolean])[] = [
  ['lint', 'see the messages above', () => succeeds('buf', 'lint', 'proto')],
  ['format', 'run: npm run format', () => succeeds('buf', 'format', 'proto', '--diff', '--exit-code', ...VENDORED)],
  ['compatibility', 'clients of the last commit on main would break', staysCompatible],
  ['generated code', 'run: npm run proto, and commit what it writes', isReproducible],
];

let failed = false;
try {
  for (const [name, advice, check] of checks) {
    const ok = check();
    console.log(ok ? `ok      ${name}` : `FAILED  ${name}: ${advice}`);
    failed ||= !ok;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
