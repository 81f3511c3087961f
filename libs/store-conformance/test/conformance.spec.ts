import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFECTS } from './defects.ts';
import { runSpecs, type TestResult } from './run-specs.ts';

const HERE = import.meta.dirname;
const GUIDE = join(HERE, '../../../docs/guides/storage-backends.md');
const TIMEOUT_MS = 240_000;

/** How many random sequences of commands the model is tried with here. */
const MODEL_RUNS = '50';

describe('A15: the conformance suite', () => {
  test(
    "finds the guide's ten lines all that it takes to test somebody else's backend",
    async () => {
      const lines = specOfGuide();
      expect(lines.split('\n').length).toBeLessThanOrEqual(10);
      const results = await runSpecs(
        { 'my-store.spec.ts': lines, 'my-store.ts': readFileSync(join(HERE, 'my-store.ts'), 'utf8') },
        { ORRERY_MODEL_RUNS: MODEL_RUNS },
      );
      expect(results.filter(({ status }) => status !== 'passed').map(nameOf)).toEqual([]);
      expect(results.length).toBeGreaterThan(200);
    },
    TIMEOUT_MS,
  );

  test(
    'passes a store that is right, and fails one for each thing that is wrong with it',
    async () => {
      const results = await runSpecs({
        'defects.ts': readFileSync(join(HERE, 'defects.ts'), 'utf8'),
        'defects.spec.ts': [
          `import { storeSuite } from '@orrery/store-conformance';`,
          `import { openMemoryStore } from '@orrery/store';`,
          `import { DEFECTS } from './defects.ts';`,
          `for (const [name, spoil] of Object.entries(DEFECTS))`,
          `  storeSuite(name, { open: async (clock) => spoil(openMemoryStore({ clock })) });`,
        ].join('\n'),
      });
      const failed = (defect: string): readonly string[] =>
        results
          .filter(({ status, ancestorTitles }) => status === 'failed' && ancestorTitles[0]?.includes(defect))
          .map(nameOf);
      const counts = Object.keys(DEFECTS).map((defect) => [defect, failed(defect).length > 0]);
      expect(Object.fromEntries(counts)).toEqual(
        Object.fromEntries(Object.keys(DEFECTS).map((defect) => [defect, defect !== 'nothing wrong'])),
      );
      expect(failed('a stale lease token accepted')).toContainEqual(expect.stringMatching(/A8.*can complete none/));
      expect(failed('nothing wrong')).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

/** The block of the guide that is a spec. */
function specOfGuide(): string {
  const block = /```ts spec\n(?<code>.*?)\n```/s.exec(readFileSync(GUIDE, 'utf8'))?.groups?.['code'];
  if (block === undefined) throw new Error('the guide has no block that begins with "```ts spec"');
  return block;
}

function nameOf({ ancestorTitles, title }: TestResult): string {
  return [...ancestorTitles, title].join(' › ');
}
