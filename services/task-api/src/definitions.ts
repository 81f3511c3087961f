import { newestActive, taskTypeInactive, taskTypeNotFound } from '@orrery/core';
import type { Definition, DefinitionStore, TaskType } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';
import { ParamSchema } from './param-schema.ts';
import { readTaskType } from './task-type-json.ts';

/** How soon this process hears of what another one has defined. */
const INTERVAL = Duration.ofSeconds(1);

/** How far a look at what has changed goes back behind what was seen last: as long as a change may take to be committed. */
const OVERLAP_MS = 10_000;

/** A task type in use. */
export interface KnownType {
  readonly definition: Definition;
  readonly type: TaskType;
  /** Undefined: params are not looked at. */
  readonly schema: () => ParamSchema | undefined;
}

/**
 * What is defined, in memory, so that creating a task asks the store for nothing more. It is read whole at the start, and from then on
 * what has changed once a second; what this process changes itself it knows at once.
 */
export class Definitions {
  readonly #store: DefinitionStore;
  readonly #types = new Map<string, Map<number, KnownType>>();
  #seen = 0;
  #loop: Loop | undefined;

  constructor(store: DefinitionStore) {
    this.#store = store;
  }

  /** Reads everything; then looks for changes until stopped. */
  async start(logger: Logger): Promise<void> {
    await this.refresh();
    const runOnce = async () => {
      await this.refresh();
      return 'idle' as const;
    };
    this.#loop = startLoop({ name: 'definitions', interval: INTERVAL, runOnce, logger });
  }

  async stop(): Promise<void> {
    await this.#loop?.stop();
  }

  /** Reads what has changed. */
  async refresh(): Promise<void> {
    const changed = await this.#store.changedSince(new Date(Math.max(0, this.#seen - OVERLAP_MS)));
    for (const definition of changed) this.keep(definition);
  }

  /** Takes a definition as it now is. */
  keep(definition: Definition): void {
    this.#seen = Math.max(this.#seen, definition.updatedAt.getTime());
    if (definition.kind !== 'TASK_TYPE') return;
    const key = nameOf(definition.namespace, definition.name);
    const versions = this.#types.get(key) ?? new Map<number, KnownType>();
    const known = versions.get(definition.version);
    if (known && isOldNews(definition, known.definition)) return;
    this.#types.set(key, versions.set(definition.version, toKnown(definition)));
  }

  /** Whether the version of a type is known here. */
  has(namespace: string, name: string, version: number): boolean {
    return this.#types.get(nameOf(namespace, name))?.has(version) ?? false;
  }

  /** What a task of a type goes by (version 0: the newest active one); undefined: its type is not registered. Refuses what may not be. */
  typeOf(namespace: string, name: string, version: number): KnownType | undefined {
    const versions = this.#types.get(nameOf(namespace, name));
    if (!versions && version === 0) return undefined;
    const known = version === 0 ? this.#newest(versions) : versions?.get(version);
    if (!known && version !== 0) throw taskTypeNotFound(namespace, name, version);
    if (!known?.type.active) throw taskTypeInactive(namespace, name, version);
    return known;
  }

  #newest(versions: ReadonlyMap<number, KnownType> | undefined): KnownType | undefined {
    const type = newestActive([...(versions?.values() ?? [])].map((known) => known.type));
    return type && versions?.get(type.version);
  }
}

function toKnown(definition: Definition): KnownType {
  const type = readTaskType(definition);
  let schema: ParamSchema | undefined;
  // Made when a task first needs it: most processes see few of the types.
  return {
    definition,
    type,
    schema: () =>
      type.paramSchema === '' ? undefined : (schema ??= ParamSchema.parse(type.paramSchema, 'param_schema')),
  };
}

/** What was read may be older than what this process has put meanwhile. */
function isOldNews(read: Definition, known: Definition): boolean {
  if (read.updatedAt < known.updatedAt) return true;
  return read.body === known.body && read.active === known.active;
}

function nameOf(namespace: string, name: string): string {
  return `${namespace}\n${name}`;
}
