/**
 * The workspace as its files tell it: packages with their declared dependencies, source files with their imports. It
 * reads; the rules stand beside it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const rootFolder = fileURLToPath(new URL('../..', import.meta.url));

/** A workspace package. Paths are relative to the root, with `/`. */
export interface WorkspacePackage {
  readonly name: string;
  readonly folder: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** True when it goes to a registry: what it takes from us is built into it. */
  readonly isPublished: boolean;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

/** Every package of the workspace. */
export function readPackages(): readonly WorkspacePackage[] {
  const folders = ['packages', 'services', 'infra', 'tests'].flatMap((group) =>
    existsSync(join(rootFolder, group, 'package.json'))
      ? [group]
      : listFolder(group)
          .filter((entry) => entry.isDirectory())
          .map((entry) => `${group}/${entry.name}`),
  );
  return folders.filter((folder) => existsSync(join(rootFolder, folder, 'package.json'))).map(readPackage);
}

/** The packages that the root's package.json lists for everybody's tests and tools. */
export function readRootTools(): readonly string[] {
  return Object.keys(readManifest('.')['devDependencies'] ?? {});
}

/** Every TypeScript and JavaScript file of the packages. */
export function readSources(packages: readonly WorkspacePackage[]): readonly SourceFile[] {
  return packages.flatMap(({ folder }) =>
    readdirSync(join(rootFolder, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|js|mjs)$/.test(entry.name))
      .map((entry) => relative(rootFolder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .filter((path) => !path.includes('node_modules/') && !path.includes('/dist/'))
      .map((path) => {
        const text = readFileSync(join(rootFolder, path), 'utf8');
        return { path, text, imports: readImports(text) };
      }),
  );
}

/** Names at the root that git keeps; all of them but the ignored ones where there is no git. */
export function readRootEntries(): readonly string[] {
  const tracked = spawnSync('git', ['ls-files', '-z'], { cwd: rootFolder, encoding: 'utf8' });
  if (tracked.status === 0) {
    const names = tracked.stdout.split('\0').map((path) => path.split('/')[0] ?? '');
    return [...new Set(names)].filter((name) => name !== '');
  }
  const ignored = readFileSync(join(rootFolder, '.gitignore'), 'utf8').split('\n');
  return listFolder('.')
    .map((entry) => entry.name)
    .filter((name) => name !== '.git' && !ignored.includes(name) && !ignored.includes(`${name}/`));
}

/**
 * What a source text imports: static imports and re-exports, types included, side-effect imports, and `import()` of a
 * literal. Statements start a line, which the formatter sees to; comments are left out.
 */
export function readImports(text: string): readonly string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  const found = [
    ...code.matchAll(/^(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/^import\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g),
  ];
  return [...new Set(found.map((match) => String(match[1])))];
}

function readPackage(folder: string): WorkspacePackage {
  const manifest = readManifest(folder);
  return {
    name: JSON.stringify(manifest['name']).slice(1, -1),
    folder,
    dependencies: Object.keys(manifest['dependencies'] ?? {}),
    devDependencies: Object.keys(manifest['devDependencies'] ?? {}),
    isPublished: manifest['private'] === undefined,
  };
}

function readManifest(folder: string): Record<string, object | string | undefined> {
  const manifest: unknown = JSON.parse(readFileSync(join(rootFolder, folder, 'package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null) throw new Error(`${folder}/package.json is no object`);
  return { ...manifest };
}

function listFolder(folder: string) {
  const path = join(rootFolder, folder);
  return existsSync(path) ? readdirSync(path, { withFileTypes: true }) : [];
}
