import { taskTypeDefaultsFromProto, taskTypeToProto, taskv1 } from '@orrery/contracts';
import { MIN_OWN_RETENTION, taskTypeNotFound } from '@orrery/core';
import type { Definition, DefinitionKey, DefinitionStore, TaskType } from '@orrery/core';
import { bind, Checks, makePageToken, readPlaceToken, type ServiceBinding } from '@orrery/service';
import type { ServiceImplementation } from 'nice-grpc';
import type { Definitions } from './definitions.ts';
import { ParamSchema } from './param-schema.ts';
import { MAX_PRIORITY, MAX_RUN_TIMEOUT, MIN_RUN_TIMEOUT } from './parse-task-spec.ts';
import { readTaskType, writeTaskType } from './task-type-json.ts';

const MAX_VERSION = 1_000_000;
const MAX_DESCRIPTION = 4_096;
const DEFAULT_PAGE = 50;
const MAX_PAGE = 1_000;

/** What the service is made of. */
export interface TaskTypeServiceDeps {
  readonly store: DefinitionStore;
  readonly definitions: Definitions;
}

/** The kinds of work there are. */
export function taskTypeService({ store, definitions }: TaskTypeServiceDeps): ServiceBinding {
  const found = (definition: Definition | null, { namespace, name, version }: DefinitionKey): taskv1.TaskType => {
    if (!definition) throw taskTypeNotFound(namespace, name, version);
    return taskTypeToProto(readTaskType(definition));
  };
  const handlers: ServiceImplementation<typeof taskv1.TaskTypeServiceDefinition> = {
    registerTaskType: async ({ taskType }) => {
      const { key, said } = readType(taskType);
      const { definition, outcome } = await store.put({ ...key, body: writeTaskType(said) });
      definitions.keep(definition);
      return { taskType: found(definition, key), outcome: taskv1.RegisterOutcome[outcome] };
    },
    getTaskType: async (request) => {
      const key = readKey(request, 0);
      if (key.version > 0) return { taskType: found(await store.get(key), key) };
      return { taskType: found(await newestOf(store, key), key) };
    },
    listTaskTypes: (request) => listTypes(store, request),
    deactivateTaskType: async (request) => {
      const key = readKey(request, 1);
      const definition = await store.setActive(key, false);
      if (definition) definitions.keep(definition);
      return { taskType: found(definition, key) };
    },
  };
  return bind(taskv1.TaskTypeServiceDefinition, handlers);
}

async function listTypes(
  store: DefinitionStore,
  request: taskv1.ListTaskTypesRequest,
): Promise<taskv1.ListTaskTypesResponse> {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  checks.require(request.pageSize >= 0, 'page_size', 'must not be negative');
  checks.done();
  const pageSize = Math.min(request.pageSize || DEFAULT_PAGE, MAX_PAGE);
  const boundTo = ['types', namespace, request.activeOnly];
  const place = readPlaceToken(request.pageToken, boundTo, readPlace);
  const after = place && { namespace, ...place };
  const { activeOnly } = request;
  const query = { kind: 'TASK_TYPE', namespace, activeOnly, limit: pageSize + 1, ...(after && { after }) } as const;
  const rows = await store.list(query);
  const page = rows.slice(0, pageSize);
  const last = page.at(-1);
  return {
    taskTypes: page.map((row) => taskTypeToProto(readTaskType(row))),
    nextPageToken: rows.length > page.length && last ? makePageToken(`${last.name}\n${last.version}`, boundTo) : '',
  };
}

/** Where a page ended: name and version. */
function readPlace(place: string): { readonly name: string; readonly version: number } | undefined {
  const { name, version } = /^(?<name>[A-Za-z0-9._:/-]{1,255})\n(?<version>\d{1,7})$/.exec(place)?.groups ?? {};
  return name === undefined ? undefined : { name, version: Number(version) };
}

/** The newest active version, or the newest. */
async function newestOf(store: DefinitionStore, key: DefinitionKey): Promise<Definition | null> {
  const { namespace, name } = key;
  let newest: Definition | null = null;
  const after = { namespace, name, version: 0 };
  // Versions of one type stand together; there are few.
  for (const row of await store.list({ kind: 'TASK_TYPE', namespace, activeOnly: false, after, limit: MAX_PAGE }))
    if (row.name === name && (row.active || !newest?.active)) newest = row;
  return newest;
}

function readType(wire: taskv1.TaskType | undefined): {
  readonly key: DefinitionKey;
  readonly said: Pick<TaskType, 'description' | 'paramSchema' | 'defaults'>;
} {
  const checks = new Checks();
  if (!wire) checks.add('task_type', 'is required');
  const type = wire ?? taskv1.TaskType.decode(new Uint8Array());
  const field = 'task_type.defaults';
  const key: DefinitionKey = {
    kind: 'TASK_TYPE',
    namespace: checks.name('task_type.namespace', type.namespace, { default: 'default' }),
    name: checks.name('task_type.name', type.name, { max: 255 }),
    version: type.version || 1,
  };
  checks.require(type.version <= MAX_VERSION, 'task_type.version', `must be from 1 to ${MAX_VERSION}`);
  checks.require(
    type.description.length <= MAX_DESCRIPTION && !type.description.includes('\0'),
    'task_type.description',
    `must have at most ${MAX_DESCRIPTION} characters, and no NUL among them`,
  );
  const { paramSchema, description } = type;
  if (paramSchema !== '') checks.parse(() => ParamSchema.parse(paramSchema, 'task_type.param_schema'));
  const defaults = checks.parse(() => taskTypeDefaultsFromProto(type.defaults, field)) ?? {};
  if (defaults.queue !== undefined) checks.name(`${field}.queue`, defaults.queue);
  if (defaults.labels) checks.labels(`${field}.labels`, defaults.labels);
  checks.between(`${field}.run_timeout`, defaults.runTimeout, MIN_RUN_TIMEOUT, MAX_RUN_TIMEOUT);
  checks.between(`${field}.retention`, defaults.retention, MIN_OWN_RETENTION, MAX_RUN_TIMEOUT);
  checks.require(
    Math.abs(defaults.priority ?? 0) <= MAX_PRIORITY,
    `${field}.priority`,
    `must be from -${MAX_PRIORITY} to ${MAX_PRIORITY}`,
  );
  checks.done();
  return { key, said: { description, paramSchema, defaults } };
}

function readKey(
  request: { readonly namespace: string; readonly name: string; readonly version: number },
  minVersion: number,
): DefinitionKey {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const name = checks.name('name', request.name, { max: 255 });
  const { version } = request;
  checks.require(
    version >= minVersion && version <= MAX_VERSION,
    'version',
    `must be from ${minVersion} to ${MAX_VERSION}`,
  );
  checks.done();
  return { kind: 'TASK_TYPE', namespace, name, version };
}
