import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { busyShare, cpuSecondsOfDescendants, residentMebibytes } from './process-times.ts';

test('what a child and its ended child have burnt is counted', async () => {
  const before = await cpuSecondsOfDescendants();
  const burn = 'const until = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < until);';
  const parent = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}]);
    console.log('burnt'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const used = (await cpuSecondsOfDescendants()) - before;
  expect(await residentMebibytes(child.pid ?? 0)).toBeGreaterThan(10);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(used).toBeGreaterThanOrEqual(0.3);
});

test('the busy share is what was not idle', () => {
  expect(busyShare({ idle: 100, total: 1000 }, { idle: 175, total: 1100 })).toBe(0.25);
  expect(busyShare({ idle: 1, total: 1 }, { idle: 1, total: 1 })).toBe(0);
});
