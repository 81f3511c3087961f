// Runs the specs of all packages through Nx, and ends with one line that counts their tests: `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addTallies, tallyPackage, type JestReport } from './tally-tests.ts';
import { readWorkspacePackages } from './workspace-packages.ts';

/** Where the `test` target in nx.json writes Jest's reports. Nx restores them when it replays a cached run. */
const REPORTS = '.nx/test-results';

function readReport(folder: string): JestReport | undefined {
  const file = join(REPORTS, folder, 'report.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as JestReport) : undefined;
}

rmSync(REPORTS, { recursive: true, force: true });
const nx = spawnSync('nx', ['run-many', '--targets=test', '--outputStyle=static', ...process.argv.slice(2)], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (nx.error) throw nx.error;

const tested = readWorkspacePackages(process.cwd()).filter((each) => each.tested);
const tallies = tested.map(({ name, folder }) => ({ name, ...tallyPackage(name, readReport(folder)) }));
if (nx.status !== 0 && tallies.every(({ failed }) => failed === 0)) {
  tallies.push({ name: 'nx', passed: 0, failed: 1, problems: [`nx: ended with exit code ${nx.status ?? 'none'}`] });
}

console.log();
for (const { name, passed, failed } of tallies) console.log(`${name}: ${passed} passed, ${failed} failed`);
const { passed, failed, problems } = addTallies(tallies);
if (problems.length > 0) console.log(`\n${problems.join('\n')}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
