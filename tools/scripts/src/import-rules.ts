import type { WorkspacePackage } from './workspace-packages.ts';

/** Who may import whom, by Nx tag: a package may import the packages whose tag stands in its row. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  pure: ['pure'],
  contracts: ['pure'],
  adapter: ['pure'],
  rpc: ['pure', 'contracts'],
  kit: ['pure', 'contracts', 'rpc', 'kit'],
  sdk: ['pure', 'contracts', 'rpc'],
  service: ['pure', 'contracts', 'kit'],
  standalone: ['pure', 'contracts', 'kit', 'service', 'adapter'],
  embedded: ['pure', 'contracts', 'rpc', 'kit', 'sdk', 'service', 'standalone', 'adapter'],
  cli: ['pure', 'sdk'],
  console: ['pure', 'sdk'],
  compat: ['pure', 'sdk'],
  examples: ['pure', 'sdk'],
  testing: ['pure', 'contracts', 'rpc', 'kit', 'sdk', 'adapter', 'service', 'standalone', 'testing'],
  tool: ['pure', 'contracts', 'rpc', 'kit', 'sdk', 'adapter', 'service', 'standalone', 'cli'],
};

/** What specs may import beyond their package's row: real adapters and servers to test against. */
const SPECS_ALSO = ['contracts', 'adapter', 'sdk', 'testing', 'standalone'];

/** Packages of which each may import only those before it ("downwards"). */
const PURE_ORDER = ['@orrery/duration', '@orrery/task-error', '@orrery/core', '@orrery/assessment'];

/** npm packages that pure code may use: they compute, and touch nothing outside. */
const PURE_NPM = ['uuid', 'croner'];

/** Entry points that exist for specs only. */
const SPEC_ENTRIES = ['@orrery/rpc/testing'];

/** Packages whose code may use `@orrery/testing` outside specs: test suites themselves, benchmarks, and what breaks things. */
const USES_TESTING = ['@orrery/bench', '@orrery/faults', '@orrery/testing'];

/** A relative path to the inside of another package; imports across packages go by name. */
const OUT_OF_PACKAGE = '^(?:\\.\\./)+(?!src/|test/)(?:[^/]+/)+(?:src|test|dist)/';

/** What a file is within its package; `main` and `spec` may import more than the rest. */
export type FileKind = 'source' | 'main' | 'spec';

/** A pattern for ESLint's `no-restricted-imports`. */
export interface ForbiddenImport {
  readonly regex: string;
  readonly message: string;
}

/** A regular expression for the `@orrery` imports that are none of `names` nor below one of them. */
const orreryImportsExcept = (names: readonly string[]): string =>
  names.length === 0
    ? '^@orrery/'
    : `^@orrery/(?!(?:${names.map((name) => name.slice('@orrery/'.length)).join('|')})(?:/|$))`;

function rowOf({ name, tags }: WorkspacePackage): { tag: string; row: readonly string[] } {
  const [tag] = tags;
  const row = tag === undefined ? undefined : MAY_IMPORT[tag];
  if (tag === undefined || row === undefined || tags.length > 1) {
    const known = Object.keys(MAY_IMPORT).join(', ');
    throw new Error(`${name}: nx.tags in its package.json must be one of ${known}, but is [${tags.join(', ')}]`);
  }
  return { tag, row };
}

function allowedPackages(
  importer: WorkspacePackage,
  kind: FileKind,
  all: readonly WorkspacePackage[],
): readonly string[] {
  const { tag, row } = rowOf(importer);
  const tags = new Set(row);
  if (kind === 'main' && tag === 'service') tags.add('adapter');
  if (kind === 'spec') for (const also of SPECS_ALSO) tags.add(also);
  if (USES_TESTING.includes(importer.name)) tags.add('testing');
  return all
    .filter((imported) => imported.name !== importer.name && tags.has(rowOf(imported).tag))
    .map(({ name }) => name)
    .filter((name) => tag !== 'pure' || kind === 'spec' || isBelow(name, importer.name));
}

const isBelow = (imported: string, importer: string): boolean => {
  const place = PURE_ORDER.indexOf(imported);
  return place !== -1 && place < PURE_ORDER.indexOf(importer);
};

/**
 * What the files of one kind in a package must not import, for `no-restricted-imports`. Throws when a package has no
 * tag, several, or one without a row in the table.
 */
export function forbiddenImports(
  importer: WorkspacePackage,
  kind: FileKind,
  all: readonly WorkspacePackage[],
): readonly ForbiddenImport[] {
  const { tag } = rowOf(importer);
  const allowed = allowedPackages(importer, kind, all);
  const forbidden: ForbiddenImport[] = [
    {
      regex: orreryImportsExcept(allowed),
      message: `${importer.name} (${tag}, ${kind} file) may import only: ${allowed.join(', ') || 'no other package'}.`,
    },
    { regex: OUT_OF_PACKAGE, message: 'Import other packages by name, not by path.' },
  ];
  if (tag === 'pure' && kind !== 'spec') {
    forbidden.push({
      regex: `^(?!\\.|@orrery/|(?:${PURE_NPM.join('|')})$)`,
      message: `${importer.name} is pure: it does no I/O and imports no npm package except ${PURE_NPM.join(', ')}.`,
    });
  }
  if (kind !== 'spec') {
    forbidden.push({
      regex: `^(?:${SPEC_ENTRIES.join('|')})$`,
      message: 'This entry point exists for specs only.',
    });
  }
  return forbidden;
}
