import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { markdownTable } from 'markdown-table';
import { measureBacklog } from './scale/backlog.ts';
import { measureFairness } from './scale/fairness.ts';
import { measureFinished } from './scale/finished.ts';
import { measureSoak } from './scale/soak.ts';

const ground = new AsyncDisposableStack();
const say = (line: string) => console.error(line);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    console.error('stopping…');
    void ground
      .disposeAsync()
      .catch(() => undefined)
      .then(() => process.exit(130));
  });
}

const command = new Command('npm run scale --').description(
  'Measures what Orrery costs as it grows, on a PostgreSQL of its own.',
);

command
  .command('finished')
  .description('claims beside many finished tasks')
  .option('--rows <n>', 'how many finished tasks', whole, 10_000_000)
  .option('--claims <n>', 'how many claims are measured', whole, 1_000)
  .option('--json <file>', 'write the figures there')
  .action(async (options: { rows: number; claims: number; json?: string }) => {
    await report(await measureFinished(ground, { ...options, say }), options.json);
  });

command
  .command('backlog')
  .description('claims from queues of growing size')
  .option('--sizes <n,n,…>', 'how many tasks are queued', sizes, [1_000, 100_000, 1_000_000])
  .option('--claims <n>', 'how many claims of 100 tasks are measured', whole, 500)
  .option('--json <file>', 'write the figures there')
  .action(async (options: { sizes: readonly number[]; claims: number; json?: string }) => {
    await report(await measureBacklog(ground, { ...options, say }), options.json);
  });

command
  .command('fairness')
  .description("how long one tenant's tasks wait beside a backlog of another's, on separate services")
  .option('--sizes <n,n,…>', 'how many tasks the other has queued', sizes, [1_000, 100_000])
  .option('--seconds <n>', 'how long each is looked at', whole, 20)
  .option('--json <file>', 'write the figures there')
  .action(async (options: { sizes: readonly number[]; seconds: number; json?: string }) => {
    await report(await measureFairness(ground, { ...options, say }), options.json);
  });

command
  .command('soak')
  .description('steady load on separate services for a while, with a transaction that stays open in the middle of it')
  .option('--minutes <n>', 'how long', whole, 30)
  .option('--hold <n>', 'for how many minutes of it a transaction holds back the removal of dead rows', whole, 5)
  .option('--rate <n>', 'tasks per second', whole, 500)
  .option('--json <file>', 'write the figures there')
  .action(async (options: { minutes: number; hold: number; rate: number; json?: string }) => {
    await report(await measureSoak(ground, { ...options, say }), options.json);
  });

try {
  await command.parseAsync();
} finally {
  await ground.disposeAsync();
}

async function report<R extends object>(rows: readonly R[], file: string | undefined): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const names = Object.keys(first);
  const table = rows.map((row) => Object.values(row).map(shown));
  console.log(markdownTable([names, ...table], { align: names.map(() => 'r') }));
  if (file !== undefined) await writeFile(file, `${JSON.stringify(rows, null, 2)}\n`);
}

function shown(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 2 }) : String(value);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is not a whole number above 0.');
  return value;
}

function sizes(text: string): readonly number[] {
  return text.split(',').map(whole);
}
