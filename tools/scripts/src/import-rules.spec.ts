import { join } from 'node:path';
import { ESLint } from 'eslint';
import { forbiddenImports } from './import-rules.ts';
import { readWorkspacePackages } from './workspace-packages.ts';

const root = join(import.meta.dirname, '../../..');
const eslint = new ESLint({
  cwd: root,
  // The real rules on invented files, which type-aware rules could not read.
  overrideConfig: { languageOptions: { parserOptions: { project: null } } },
  ruleFilter: ({ ruleId }) =>
    ['no-restricted-imports', 'no-restricted-properties', 'no-restricted-syntax'].includes(ruleId),
});

async function complaints(filePath: string, code: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, filePath) });
  return result?.messages.map(({ ruleId }) => ruleId) ?? ['not linted'];
}

const importing = (specifier: string) => `import { x } from '${specifier}';\nx();\n`;

test.each([
  ['libs/core/src/task.ts', '@orrery/store'],
  ['libs/core/src/task.ts', '@orrery/core'],
  ['libs/core/src/task.ts', 'node:fs'],
  ['libs/core/src/task.ts', 'pg'],
  ['libs/duration/src/duration.ts', '@orrery/core'],
  ['libs/task-error/src/task-error.ts', '@orrery/core'],
  ['libs/contracts/src/map-task.ts', '@orrery/service'],
  ['libs/store/src/task-row.ts', '@orrery/contracts'],
  ['libs/rpc/src/batcher.ts', '@orrery/service'],
  ['libs/service/src/serve.ts', '@orrery/store'],
  ['libs/client/src/tasks.ts', '@orrery/worker'],
  ['libs/client/src/tasks.ts', '@orrery/rpc/testing'],
  ['libs/client/src/tasks.ts', '@orrery/testing'],
  ['services/scheduler/src/scheduler.ts', '@orrery/store'],
  ['services/scheduler/src/main.ts', '@orrery/task-api'],
  ['services/scheduler/src/scheduler.spec.ts', '@orrery/task-api'],
  ['services/scheduler/src/main.ts', '@orrery/testing'],
  ['services/standalone/src/standalone.ts', '@orrery/client'],
  ['libs/client/src/tasks.ts', '../../core/src/task.ts'],
  ['services/task-api/src/deep/wait-task.ts', '../../../../libs/core/src/task.ts'],
])('%s must not import %s', async (file, specifier) => {
  expect(await complaints(file, importing(specifier))).toContain('no-restricted-imports');
});

test.each([
  ['libs/core/src/task.ts', '@orrery/duration'],
  ['libs/core/src/task.ts', 'uuid'],
  ['libs/core/src/task.spec.ts', 'fast-check'],
  ['libs/core/src/task.spec.ts', '@orrery/testing'],
  ['libs/store/src/sqlite/claim-tasks.ts', '../task-row.ts'],
  ['libs/worker/test/worker.spec.ts', '../src/index.ts'],
  ['libs/worker/test/test-stream.ts', '@orrery/rpc/testing'],
  ['libs/client/src/tasks.ts', '@orrery/rpc'],
  ['libs/service/src/outgoing.ts', '@orrery/rpc'],
  ['services/scheduler/src/main.ts', '@orrery/store'],
  ['services/scheduler/src/scheduler.spec.ts', '@orrery/store'],
  ['services/standalone/src/standalone.ts', '@orrery/store'],
  ['services/standalone/src/standalone.ts', '@orrery/task-api'],
])('%s may import %s', async (file, specifier) => {
  expect(await complaints(file, importing(specifier))).toEqual([]);
});

test('packages are imported statically, where the rules see it', async () => {
  const code = "await import('@orrery/store');\n";
  expect(await complaints('libs/service/src/serve.ts', code)).toEqual(['no-restricted-syntax']);
});

test('only main.ts reads the environment', async () => {
  const code = 'process.env.HOME?.trim();\n';
  expect(await complaints('services/scheduler/src/config.ts', code)).toEqual(['no-restricted-properties']);
  expect(await complaints('services/scheduler/src/main.ts', code)).toEqual([]);
});

test('nothing is exported by default', async () => {
  expect(await complaints('libs/core/src/task.ts', 'export default 1;\n')).toEqual(['no-restricted-syntax']);
});

test('every package has one tag, with a row in the table', () => {
  const packages = readWorkspacePackages(root);
  expect(packages.length).toBeGreaterThan(10);
  for (const each of packages) expect(() => forbiddenImports(each, 'source', packages)).not.toThrow();

  const untagged = { name: '@orrery/x', folder: 'libs/x', tags: [], tested: true };
  expect(() => forbiddenImports(untagged, 'source', [untagged])).toThrow('@orrery/x: nx.tags in its package.json');
});
