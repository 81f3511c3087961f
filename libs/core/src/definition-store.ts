/** What people define rather than what happens: few, small, and read into memory by whoever goes by them. */
export type DefinitionKind = 'TASK_TYPE' | 'NAMESPACE';

/** Names a definition. A namespace's own has no name and version 0. */
export interface DefinitionKey {
  readonly kind: DefinitionKind;
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
}

/** A definition as it is kept. */
export interface Definition extends DefinitionKey {
  /** What it says, as JSON; the same text means the same. */
  readonly body: string;
  readonly active: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What came of putting a definition. */
export interface PutDefinition {
  readonly definition: Definition;
  readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED';
}

/** Where task types and namespaces are kept. Nothing is ever deleted, so that what changed since a time is all there is to know. */
export interface DefinitionStore {
  /** Adds a definition or replaces what it said, and makes it active. */
  put(definition: DefinitionKey & { readonly body: string }): Promise<PutDefinition>;

  /** Makes a definition active or not. Null: there is none. */
  setActive(key: DefinitionKey, active: boolean): Promise<Definition | null>;

  /** One definition; null: there is none. */
  get(key: DefinitionKey): Promise<Definition | null>;

  /** Definitions of one kind by namespace, name and version, ascending. */
  list(query: {
    readonly kind: DefinitionKind;
    /** Default: of every namespace. */
    readonly namespace?: string;
    readonly activeOnly: boolean;
    /** Only those after this one. */
    readonly after?: Omit<DefinitionKey, 'kind'>;
    readonly limit: number;
  }): Promise<readonly Definition[]>;

  /** Definitions of any kind that changed at or after a time. */
  changedSince(time: Date): Promise<readonly Definition[]>;
}
