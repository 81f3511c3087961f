import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One package of the workspace, as far as the checks need to know it. */
export interface WorkspacePackage {
  readonly name: string;
  /** Its folder relative to the root, e.g. `libs/core`. */
  readonly folder: string;
  /** Nx tags: which row of the table in `import-rules.ts` it follows. */
  readonly tags: readonly string[];
  /** Whether `npm test` expects results from it. */
  readonly tested: boolean;
}

interface Manifest {
  readonly name: string;
  readonly nx?: { readonly tags?: readonly string[]; readonly targets?: Readonly<Record<string, unknown>> };
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

/** Every package named by the `workspaces` of the package.json in `root`, ordered by folder. */
export function readWorkspacePackages(root: string): readonly WorkspacePackage[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] };
  const manifests = globSync(
    workspaces.map((pattern) => `${pattern}/package.json`),
    { cwd: root },
  );
  return manifests.sort().map((path) => {
    const { name, nx } = readManifest(join(root, path));
    return { name, folder: dirname(path), tags: nx?.tags ?? [], tested: nx?.targets?.['test'] !== undefined };
  });
}
