import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import ts from 'typescript-5.4';

const run = promisify(execFile);

export type PackedPackage = {
  /** An empty project that has installed the package. */
  readonly directory: string;
  /** Names of the entries of the package, sorted. */
  readonly contents: readonly string[];
  /** Names of the files of dist/ that are neither JavaScript nor declarations. */
  readonly strangers: readonly string[];
  readonly manifest: Readonly<Record<string, unknown>>;
  /** The findings of publint and attw. */
  faults(): Promise<readonly string[]>;
  /** The errors of our compiler, in strict mode, in this file of the project. */
  typeFaults(file: string, types?: readonly string[]): Promise<string>;
  /**
   * The errors of TypeScript 5.4 in this file and in the package's declarations. If the oldest supported version
   * accepts them, so do later ones.
   */
  oldTypeFaults(file: string, types?: readonly string[]): readonly string[];
  remove(): Promise<void>;
};

/**
 * Packs a package as it would be published, and installs it in an empty project, with these files and these further
 * dependencies (in the versions of the package itself).
 *
 * @example
 * const packed = await installPacked('packages/auth-client', { dependencies: ['fastify'], files: { 'a.js': code } });
 */
export async function installPacked(
  packageDirectory: string,
  project: { readonly dependencies: readonly string[]; readonly files: Readonly<Record<string, string>> },
): Promise<PackedPackage> {
  const dist = join(packageDirectory, 'dist');
  const hadDist = existsSync(dist);
  const directory = await mkdtemp(join(tmpdir(), `${basename(packageDirectory)}-package-`));
  await run('pnpm', ['pack', '--pack-destination', directory], { cwd: packageDirectory });
  const tarball = join(directory, (await readdir(directory)).find((name) => name.endsWith('.tgz')) ?? '');
  const { name } = await readManifest(packageDirectory);
  const versions = project.dependencies.map(async (dependency) => [
    dependency,
    (await readManifest(join(packageDirectory, 'node_modules', dependency)))['version'],
  ]);
  const dependencies = {
    [String(name)]: `file:${tarball}`,
    ...Object.fromEntries(await Promise.all(versions)),
  };
  const files = {
    'package.json': JSON.stringify({ private: true, type: 'module', dependencies }),
    ...project.files,
  };
  await Promise.all(Object.entries(files).map(([file, text]) => writeFile(join(directory, file), text)));
  // Uses the repository's store: if temporary files are on another disk, pnpm would create one there and leave it.
  const { stdout: store } = await run('pnpm', ['store', 'path'], { cwd: packageDirectory });
  const install = ['install', '--prefer-offline', '--ignore-workspace', `--store-dir=${store.trim()}`];
  await run('pnpm', install, { cwd: directory });
  const installed = join(directory, 'node_modules', String(name));
  const inDist = await readdir(join(installed, 'dist'), { recursive: true });

  return {
    directory,
    contents: (await readdir(installed)).sort(),
    strangers: inDist.filter((file) => file.includes('.') && !/\.(?:js|d\.ts)$/.test(file)),
    manifest: await readManifest(installed),
    async faults() {
      const { buffer } = new Uint8Array(await readFile(tarball));
      const { messages } = await publint({ pack: { tarball: buffer }, level: 'warning', strict: true });
      const attw = run(process.execPath, ['--run', 'attw', '--', tarball], { cwd: packageDirectory });
      const broken = await attw.then(
        () => [],
        (error: { stdout: string }) => [error.stdout],
      );
      return [...messages.map((message) => JSON.stringify(message)), ...broken];
    },
    async typeFaults(file, types = []) {
      const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024'];
      const checking = run(
        join(packageDirectory, 'node_modules', '.bin', 'tsc'),
        [...options, '--module', 'nodenext', '--types', types.join(','), file],
        { cwd: directory },
      );
      return await checking.then(
        ({ stdout }) => stdout,
        (error: { stdout: string }) => error.stdout,
      );
    },
    // Uses the compiler's API: checking the declarations of other packages would take longer than everything else.
    oldTypeFaults(file, types = []) {
      const program = ts.createProgram([join(directory, file)], {
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        types: [...types],
        typeRoots: [join(directory, 'node_modules/@types')],
        target: ts.ScriptTarget.ES2020,
        module: ts.ModuleKind.NodeNext,
      });
      const ours = program
        .getSourceFiles()
        .filter(
          ({ fileName }) =>
            fileName.endsWith(`/${file}`) || fileName.includes(`/${basename(String(name))}/dist/`),
        );
      if (ours.length < 2) throw new Error('the declarations of the package were not found');
      return ours
        .flatMap((source) => [
          ...program.getSyntacticDiagnostics(source),
          ...program.getSemanticDiagnostics(source),
        ])
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
    },
    async remove() {
      await rm(directory, { recursive: true, force: true });
      if (!hadDist) await rm(dist, { recursive: true, force: true });
    },
  };
}

async function readManifest(folder: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}
