import { compareIds } from '@orrery/core';
import type { Clock, Definition, DefinitionKey, DefinitionStore, PutDefinition } from '@orrery/core';

/** Task types and namespaces in memory. */
export class MemoryDefinitions implements DefinitionStore {
  readonly #definitions = new Map<string, Definition>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async put({ body, ...key }: DefinitionKey & { readonly body: string }): Promise<PutDefinition> {
    const now = this.#clock.now();
    const before = this.#definitions.get(nameOf(key));
    if (before?.body === body && before.active) return { definition: before, outcome: 'UNCHANGED' };
    const definition = this.#keep({ ...key, body, active: true, createdAt: before?.createdAt ?? now, updatedAt: now });
    return { definition, outcome: before ? 'UPDATED' : 'CREATED' };
  }

  async setActive(key: DefinitionKey, active: boolean): Promise<Definition | null> {
    const before = this.#definitions.get(nameOf(key));
    if (before?.active === active) return before;
    return before ? this.#keep({ ...before, active, updatedAt: this.#clock.now() }) : null;
  }

  async get(key: DefinitionKey): Promise<Definition | null> {
    return this.#definitions.get(nameOf(key)) ?? null;
  }

  async list(query: Parameters<DefinitionStore['list']>[0]): Promise<readonly Definition[]> {
    const { kind, namespace, activeOnly, after, limit } = query;
    return [...this.#definitions.values()]
      .filter((each) => each.kind === kind && (namespace === undefined || each.namespace === namespace))
      .filter((each) => each.active || !activeOnly)
      .filter((each) => after === undefined || compare(each, after) > 0)
      .sort(compare)
      .slice(0, limit);
  }

  async changedSince(time: Date): Promise<readonly Definition[]> {
    return [...this.#definitions.values()].filter(({ updatedAt }) => updatedAt >= time);
  }

  #keep(definition: Definition): Definition {
    this.#definitions.set(nameOf(definition), definition);
    return definition;
  }
}

type Place = Omit<DefinitionKey, 'kind'>;

function compare(a: Place, b: Place): number {
  return compareIds(a.namespace, b.namespace) || compareIds(a.name, b.name) || a.version - b.version;
}

function nameOf({ kind, namespace, name, version }: DefinitionKey): string {
  return [kind, namespace, name, version].join('\0');
}
