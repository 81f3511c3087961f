import { readdir, readFile } from 'node:fs/promises';

/** The process ids of the services that this process has started. Throws if one is not there. */
export async function serviceProcesses(): Promise<Readonly<Record<'scheduler' | 'task-api', number>>> {
  return { scheduler: await find('scheduler'), 'task-api': await find('task-api') };
}

async function find(service: string): Promise<number> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // Processes end while one reads.
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
    if (parent === process.pid && command.includes(`services/${service}/`)) return Number(name);
  }
  throw new Error(`no process of ${service} was found`);
}
