// Bundles the libraries that our services import, unless that was done, and prints the path of a map: from the name in
// an import to the bundled file. A program of its own, started with --experimental-import-meta-resolve.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..', '..', '..', '..', '..');
const cache = join(root, 'node_modules', '.cache', 'bundled-dependencies');

/** Their sources say which libraries a service needs. */
const packages = [
  'packages/service-kit',
  'packages/auth-client',
  'apps/auth-service',
  'apps/cart-service',
  'apps/wishlist-service',
  'apps/payment-service',
];
/** Node.js loads these itself. */
const unbundled = /^(node:|@latchkey\/)/;
const imports = /^import\s(?!type\b)[^;]*?from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm;

const libraries = findLibraries();
const directory = join(cache, nameOf(libraries));
if (!existsSync(directory)) await bundle();
process.stdout.write(join(directory, 'map.json'));

/** The file of each library, by its name in imports. */
function findLibraries(): Map<string, string> {
  const found = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const folder of packages) {
    const parent = pathToFileURL(join(root, folder, 'package.json'));
    for (const file of globSync(join(root, folder, 'src', '**', '*.ts'))) {
      for (const [, atStart, later = ''] of readFileSync(file, 'utf8').matchAll(imports)) {
        const name = atStart ?? later;
        if (unbundled.test(name)) continue;
        const library = fileURLToPath(import.meta.resolve(name, parent));
        if ((found.get(name) ?? library) !== library) ambiguous.add(name);
        found.set(name, library);
      }
    }
  }
  for (const name of ambiguous) found.delete(name);
  return found;
}

/** Changes with the libraries, with Node.js and with this file. The path of a library has its version. */
function nameOf(found: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
    .update(process.version)
    .update(readFileSync(import.meta.filename));
  for (const [name, file] of [...found].sort()) hash.update(`${name} ${file}\n`);
  return hash.digest('hex').slice(0, 16);
}

async function bundle(): Promise<void> {
  const sources = new Map<string, string>();
  for (const [name, file] of libraries) sources.set(`${fileOf(name)}.mjs`, await reexport(file));
  const bundled = await rolldown({
    input: Object.fromEntries([...libraries.keys()].map((name) => [fileOf(name), `${fileOf(name)}.mjs`])),
    platform: 'node',
    plugins: [
      {
        name: 'entries',
        resolveId: (id) => (sources.has(id) ? id : undefined),
        load: (id) => sources.get(id),
        // Some read files beside their own.
        transform: (code, id) =>
          /\b__dirname\b/.test(code) ? `const __dirname = ${JSON.stringify(dirname(id))};\n${code}` : null,
      },
    ],
  });
  const temporary = `${directory}.${process.pid}`;
  await bundled.write({ dir: temporary, entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' });
  const map = [...libraries.keys()].map((name) => [
    name,
    pathToFileURL(join(directory, `${fileOf(name)}.mjs`)).href,
  ]);
  writeFileSync(join(temporary, 'map.json'), JSON.stringify(Object.fromEntries(map)));
  publish(temporary);
}

/** The move makes it whole for other runs at once. */
function publish(temporary: string): void {
  try {
    renameSync(temporary, directory);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(directory)) throw error;
  }
}

/** A module that exports what the library does, by the names that Node.js sees, also of CommonJS. */
async function reexport(file: string): Promise<string> {
  const names = Object.keys((await import(pathToFileURL(file).href)) as object);
  const exported = names.filter((name) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name));
  return `export { ${exported.join(', ')} } from ${JSON.stringify(file)};`;
}

function fileOf(name: string): string {
  return name.replaceAll(/\W+/g, '_');
}
