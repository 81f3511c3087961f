import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
const JEST = join(ROOT, 'node_modules/jest/bin/jest.js');

/** One test of a run. */
export interface TestResult {
  readonly status: 'passed' | 'failed' | 'pending';
  readonly ancestorTitles: readonly string[];
  readonly title: string;
}

/** Runs specs as somebody else would: with Jest, in a folder of their own that holds these files and nothing else. */
export async function runSpecs(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly TestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-conformance-'));
  try {
    mkdirSync(join(folder, 'src'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'src', name), text);
    const report = join(folder, 'report.json');
    const output = await jest(
      ['-c', join(ROOT, 'jest.config.mjs'), '--rootDir', folder, '--json', `--outputFile=${report}`],
      env,
    );
    return readReport(report, output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readReport(path: string, output: string): readonly TestResult[] {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly testResults: readonly { readonly assertionResults: readonly TestResult[] }[];
  };
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  if (results.length === 0) throw new Error(`no test ran:\n${output}`);
  return results;
}

/** Runs Jest; what it prints is for the case that nothing comes of it. */
async function jest(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, ['--experimental-vm-modules', '--no-warnings', JEST, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-10_000)));
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}
