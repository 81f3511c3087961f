import { newestActive, taskTypeInactive, taskTypeNotFound } from '@orrery/core';
import type { Definition, DefinitionStore, Namespace, TaskType } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';
import { readNamespace } from './namespace-json.ts';
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

/** A type as a task names it; version 0: whichever is the newest. */
interface NamedType {
  readonly type: string;
  readonly typeVersion: number;
}

interface KnownNamespace {
  readonly definition: Definition;
  readonly namespace: Namespace;
}

/**
 * What is defined, in memory, so that creating a task asks the store for nothing more. It is read whole at the start, and from then on
 * what has changed once a second; what this process changes itself it knows at once.
 */
export class Definitions {
  readonly #store: DefinitionStore;
  readonly #types = new Map<string, Map<number, KnownType>>();
  readonly #namespaces = new Map<string, KnownNamespace>();
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
    if (definition.kind === 'NAMESPACE') this.#keepNamespace(definition);
    else this.#keepType(definition);
  }

  /** What was said about a namespace; undefined: nothing. */
  namespaceOf(name: string): Namespace | undefined {
    return this.#namespaces.get(name)?.namespace;
  }

  /** Looks for changes if tasks would be refused because of their types: these may have been registered a moment ago, in another process. */
  async learnTypes(namespace: string, tasks: readonly NamedType[]): Promise<void> {
    if (!tasks.every((task) => this.#knows(namespace, task))) await this.refresh();
  }

  /**
   * What a task of a type goes by (version 0: the newest active one); undefined: its type is not registered. Refuses what may not be.
   */
  typeOf(namespace: string, name: string, version: number): KnownType | undefined {
    const versions = this.#types.get(nameOf(namespace, name));
    if (!versions && version === 0) {
      if (this.namespaceOf(namespace)?.strict) throw taskTypeNotFound(namespace, name, version);
      return undefined;
    }
    const known = version === 0 ? this.#newest(versions) : versions?.get(version);
    if (!known && version !== 0) throw taskTypeNotFound(namespace, name, version);
    if (!known?.type.active) throw taskTypeInactive(namespace, name, version);
    return known;
  }

  #knows(namespace: string, { type, typeVersion }: NamedType): boolean {
    const versions = this.#types.get(nameOf(namespace, type));
    if (typeVersion !== 0) return versions?.has(typeVersion) ?? false;
    return versions !== undefined || !this.namespaceOf(namespace)?.strict;
  }

  #keepNamespace(definition: Definition): void {
    const known = this.#namespaces.get(definition.namespace);
    if (known && isOldNews(definition, known.definition)) return;
    this.#namespaces.set(definition.namespace, { definition, namespace: readNamespace(definition) });
  }

  #keepType(definition: Definition): void {
    const key = nameOf(definition.namespace, definition.name);
    const versions = this.#types.get(key) ?? new Map<number, KnownType>();
    const known = versions.get(definition.version);
    if (known && isOldNews(definition, known.definition)) return;
    this.#types.set(key, versions.set(definition.version, toKnown(definition)));
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
