import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { DEFAULT_COUNTS } from '../src/cluster.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const compose = parse(read('deploy/compose/compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};
const services = Object.entries(compose.services);
const ours = services.filter(([name]) => name !== 'postgres' && name !== 'nats');
const dockerfile = read('deploy/docker/Dockerfile');

/** The instructions of a target of the Dockerfile. */
function targetOf(name: string): string {
  return dockerfile.split(/^FROM /m).find((stage) => stage.split('\n', 1)[0]?.endsWith(` AS ${name}`)) ?? '';
}

const kindOf = (name: string): string => name.replace(/-\d+$/, '');
const containerPort = (ports: readonly string[] | undefined): string => ports?.[0]?.split(':').at(-1) ?? '';

test('has the processes that the cluster command starts, but for workers', () => {
  const counts = Map.groupBy(services, ([name]) => kindOf(name));
  const { worker: _workers, ...expected } = { ...DEFAULT_COUNTS, postgres: 1 };
  expect(Object.fromEntries([...counts].map(([kind, all]) => [kind, all.length]))).toEqual(expected);
});

test.each(ours)('%s runs a target of the Dockerfile, on its port, with variables that it reads', (name, service) => {
  const kind = kindOf(name);
  const config = read(`services/${kind}/src/config.ts`);
  const port = /commonConfig\((\d+)\)/.exec(config)?.[1] ?? 'none';
  expect(service.image).toBe(`orrery/${kind}`);
  expect(service.build).toEqual({ context: '../..', dockerfile: 'deploy/docker/Dockerfile', target: kind });
  expect(containerPort(service.ports)).toBe(port);
  const target = targetOf(kind);
  expect(target).toContain(`EXPOSE ${port}\n`);
  expect(target).toContain(`ORRERY_PORT=${port}`);
  expect(target).toContain(`CMD ["node", "services/${kind}/src/main.ts"]`);
  const known = `${config}\n${read('libs/service/src/common-config.ts')}\n${read('libs/service/src/nats-config.ts')}`;
  const variables = Object.keys(service.environment ?? {});
  expect(variables).toEqual(expect.arrayContaining(['ORRERY_DATABASE_URL', 'ORRERY_NATS_URL']));
  for (const variable of variables) expect(known).toMatch(new RegExp(`\\b${variable}:`));
  expect(service.depends_on).toEqual({
    postgres: { condition: 'service_healthy' },
    nats: { condition: 'service_healthy' },
  });
});

test('finds every address that a service is told among the services', () => {
  for (const [, { environment = {} }] of ours) {
    for (const [, host, port] of JSON.stringify(environment).matchAll(
      /(?:@|\/\/|[",])([a-z]+(?:-[a-z0-9]+)*):(\d{4})/g,
    )) {
      const known =
        { postgres: '5432', nats: '4222' }[host ?? ''] ?? containerPort(compose.services[host ?? '']?.ports);
      expect({ host, port }).toEqual({ host, port: known });
    }
  }
  expect(compose.services['task-api-1']?.environment?.['ORRERY_SCHEDULERS']).toBe('scheduler-1:7072,scheduler-2:7072');
});

test.each(services)(
  '%s is not root, cannot write but into its volumes, and listens for this machine alone',
  (_, each) => {
    expect(each.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect({ readOnly: each.read_only, dropped: each.cap_drop }).toEqual({ readOnly: true, dropped: ['ALL'] });
    for (const port of each.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const volume of each.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
  },
);

test('gives each port of this machine to one service', () => {
  const ports = services.flatMap(([, { ports: published = [] }]) => published.map((port) => port.split(':')[1]));
  expect(new Set(ports).size).toBe(ports.length);
});

test('NATS writes to disk before it acknowledges, into its volume', () => {
  const config = read('deploy/nats/nats.conf');
  expect(config).toMatch(/^ {2}sync_interval: always$/m);
  expect(config).toMatch(/^ {2}store_dir: "\/data"$/m);
  expect(compose.services['nats']?.volumes).toEqual(['nats-data:/data']);
});
