import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markdownTable } from 'markdown-table';
import { type CpuProfile, selfTimes } from './cpu-profile.ts';

const SHOWN = 15;

const [folder = '.'] = process.argv.slice(2);
const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.cpuprofile'));
for (const file of files.sort()) {
  const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
  console.log(`\n## ${file}\n`);
  for (const by of ['package', 'function'] as const) {
    const rows = selfTimes(profile, by)
      .slice(0, SHOWN)
      .map(({ place, milliseconds, share }) => [place, milliseconds.toFixed(0), `${(share * 100).toFixed(1)} %`]);
    console.log(`${markdownTable([[by, 'self ms', 'of busy'], ...rows], { align: ['l', 'r', 'r'] })}\n`);
  }
}
