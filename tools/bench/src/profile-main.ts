import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { markdownTable } from 'markdown-table';
import { type CpuProfile, selfTimes } from './cpu-profile.ts';
import { readWindows } from './profile-windows.ts';

const SHOWN = 15;

const [named = '.'] = process.argv.slice(2);
// npm runs scripts in the package, whatever folder it was called from.
const folder = resolve(process.env['INIT_CWD'] ?? '.', named);
const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.cpuprofile'));
for (const file of files.sort()) {
  const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
  const isMeasured = await readWindows(join(folder, dirname(dirname(file))));
  console.log(`\n## ${dirname(file)}\n`);
  for (const by of ['package', 'function'] as const) {
    const rows = selfTimes(profile, by, isMeasured)
      .slice(0, SHOWN)
      .map(({ place, milliseconds, share }) => [place, milliseconds.toFixed(0), `${(share * 100).toFixed(1)} %`]);
    console.log(`${markdownTable([[by, 'self ms', 'of busy'], ...rows], { align: ['l', 'r', 'r'] })}\n`);
  }
}
