import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownServices, nameOf, services } from '@latchkey/services';

// npm run new-service -- orders: writes apps/orders-service, a copy of the smallest complete service, and its entry in
// the list of services. docs/how-to/add-a-service.md says what to do next.
const repository = join(import.meta.dirname, '..');
const [name = ''] = process.argv.slice(2);
const table = join('packages', 'services', 'src', 'services.ts');
const folder = join(repository, 'apps', nameOf(name));

const isThere = existsSync(folder) || knownServices.some((service) => service.name === nameOf(name));
if (!/^[a-z]{2,30}$/.test(name) || isThere) {
  console.error('Name one that is not there yet, in lower-case letters: npm run new-service -- orders');
  process.exit(1);
}
const port = Math.max(...Object.values(services).map((service) => service.port)) + 1;
writeFolder();
edit(table, addEntry);
edit('pnpm-lock.yaml', addImporter);
run(join('scripts', 'reference.ts'));
run(
  join('node_modules', '@biomejs', 'biome', 'bin', 'biome'),
  'format',
  '--write',
  '--log-level=error',
  folder,
  table,
);
console.log(`apps/${name}-service is there, on port ${port}: npm start starts it, too.`);

function writeFolder(): void {
  // Copies the relative links to the service's packages, too, so that it can run before anything is installed.
  cpSync(join(repository, 'apps', 'sample-service'), folder, { recursive: true, verbatimSymlinks: true });
  const entries = globSync('**/*', { cwd: folder, exclude: ['node_modules'], withFileTypes: true });
  for (const { parentPath, name: file } of entries.filter((entry) => entry.isFile())) {
    const path = join(parentPath, file);
    writeFileSync(path, named(readFileSync(path, 'utf8')));
    renameSync(path, join(parentPath, named(file)));
  }
}

function addEntry(text: string): string {
  const scopes = ['read', 'write'].map(
    (verb) => `'${name}:${verb}': ['${name}-${verb.replace(/e?$/, 'er')}']`,
  );
  const entry = `  ${name}: { port: ${port},\n scopes: { ${scopes.join(', ')} } },\n`;
  return text.replace('} as const satisfies', `${entry}} as const satisfies`);
}

/** The new service has the dependencies of the sample, so that nothing has to be resolved again. */
function addImporter(lockfile: string): string {
  const heading = '\nimporters:\n\n';
  const begin = lockfile.indexOf(heading) + heading.length;
  const end = lockfile.indexOf('\npackages:\n');
  const blocks = lockfile.slice(begin, end).split(/\n(?= {2}\S)/);
  const sample = blocks.find((block) => block.startsWith('  apps/sample-service:')) ?? '';
  return lockfile.slice(0, begin) + [...blocks, named(sample)].sort().join('\n') + lockfile.slice(end);
}

function named(text: string): string {
  return text.replaceAll('sample', name).replaceAll('Sample', name[0]?.toUpperCase() + name.slice(1));
}

function edit(path: string, change: (text: string) => string): void {
  const file = join(repository, path);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

function run(...args: string[]): void {
  const { status } = spawnSync(process.execPath, args, {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(1);
}
