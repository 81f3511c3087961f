import { writeFile } from 'node:fs/promises';
import type { Figure } from './figure.ts';
import { machineFacts } from './machine.ts';
import { mediansOf } from './medians.ts';
import { readOptions } from './options.ts';
import { quietWarning } from './quiet.ts';
import { compareWithReach } from './reach.ts';
import { renderReport } from './render-report.ts';
import { runBench } from './run-bench.ts';

const options = readOptions(process.argv.slice(2));
const startedAt = new Date();
let current: AsyncDisposableStack | undefined;
let stopping = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    stopping = true;
    console.error('stopping…');
    const ended = current?.disposeAsync() ?? Promise.resolve();
    void ended.catch(() => undefined).then(() => process.exit(130));
  });
}

try {
  const figures = await runBench(options, {
    say: (line) => console.error(line),
    onGround: (ground) => (current = ground),
  });
  await report(figures);
} catch (error) {
  // What is ended while it is used complains.
  if (!stopping) {
    console.error(error);
    process.exitCode = 1;
  }
}

async function report(figures: readonly Figure[]): Promise<void> {
  const { contenders, floors, sizes, rounds, quick, json } = options;
  const medians = mediansOf(figures);
  console.log(renderReport(medians, { contenders, floors, comparisons: compareWithReach(medians, contenders) }));
  const warning = quietWarning(figures);
  if (warning !== undefined) console.error(`\n${warning}`);
  if (json === undefined) return;
  const everything = { startedAt, endedAt: new Date(), rounds, quick, sizes, machine: await machineFacts(), figures };
  await writeFile(json, `${JSON.stringify(everything, null, 2)}\n`);
}
