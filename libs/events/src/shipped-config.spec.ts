import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findNatsServer } from '@orrery/testing';

const CONFIG = join(import.meta.dirname, '../../../deploy/nats/nats.conf');

test('NATS understands the configuration that is shipped', async () => {
  const { stderr } = spawnSync(await findNatsServer(), ['-c', CONFIG, '-t']);
  const complaints = String(stderr)
    .split('\n')
    .filter((line) => line !== '' && !line.includes('is valid'));
  // Servers before 2.10, such as Debian 12's, know everything in it but that.
  expect(complaints.join('\n')).toMatch(/^$|unknown field "sync_interval"$/);
});
