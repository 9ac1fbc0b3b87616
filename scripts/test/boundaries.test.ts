import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '..', '..');
const bin = (name: string) => join(repository, 'node_modules', '.bin', name);
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** A package with the tags of one of ours. */
function addPackage(like: string, name: string, dependencies: string[]): void {
  const folder = join(like, '..', name);
  const entries = dependencies.map((dependency) => [`@x/${dependency}`, 'workspace:*']);
  write(
    join(folder, 'package.json'),
    JSON.stringify({ name: `@x/${name}`, dependencies: Object.fromEntries(entries) }),
  );
  write(join(folder, 'src', 'index.ts'), 'export const x = 1;\n');
  cpSync(join(repository, like, 'turbo.json'), join(root, folder, 'turbo.json'));
}

test.each([
  { from: 'apps/cart-service', to: 'apps/auth-service', allowed: false },
  { from: 'apps/cart-service', to: 'packages/service-kit', allowed: true },
  { from: 'packages/auth-client', to: 'packages/service-kit', allowed: false },
  { from: 'packages/auth-client', to: 'packages/dev-stack', allowed: false },
  { from: 'packages/service-kit', to: 'apps/auth-service', allowed: false },
])('a dependency of $from on $to is allowed: $allowed', ({ from, to, allowed }) => {
  cpSync(join(repository, 'turbo.json'), join(root, 'turbo.json'));
  write('pnpm-workspace.yaml', 'packages: [apps/*, packages/*]\n');
  write('package.json', JSON.stringify({ name: 'x', private: true, packageManager: 'pnpm@12.0.0' }));
  addPackage(from, 'from', ['to']);
  addPackage(to, 'to', []);
  const { status, stdout, stderr } = spawnSync(bin('turbo'), ['boundaries'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
  });
  expect(stdout + stderr).toContain(allowed ? 'no issues found' : 'found with tag listed in denylist');
  expect(status === 0).toBe(allowed);
});

test.each([
  ['apps/cart-service/src/cart/rules.ts', 'drizzle-orm', 'Rules are pure'],
  ['apps/auth-service/src/accounts/password-rules.ts', 'fastify', 'Rules are pure'],
  ['apps/auth-service/src/app.ts', '@latchkey/dev-stack', 'do not import what starts or tests them'],
  [
    'packages/auth-client/src/plugin/plugin.ts',
    '@latchkey/service-kit',
    'they know nothing of our own packages',
  ],
])('%s may not import %s', (path, module, message) => {
  cpSync(join(repository, 'biome.json'), join(root, 'biome.json'));
  write('.gitignore', 'node_modules/\n');
  write(path, `import { x } from '${module}';\n\nexport const y = x;\n`);
  const lint = () => spawnSync(bin('biome'), ['lint', path], { cwd: root, encoding: 'utf8' });
  const refused = lint();
  expect(refused.stdout + refused.stderr).toContain(message);
  expect(refused.status).not.toBe(0);
  write(path, 'export const y = 1;\n');
  expect(lint().status).toBe(0);
});

test('code that runs in production may import no development dependency', () => {
  cpSync(join(repository, 'biome.json'), join(root, 'biome.json'));
  write('.gitignore', 'node_modules/\n');
  write('apps/shop/src/app.ts', `import { x } from '@latchkey/auth-client';\n\nexport const y = x;\n`);
  const lintWith = (kind: 'dependencies' | 'devDependencies') => {
    write('apps/shop/package.json', JSON.stringify({ [kind]: { '@latchkey/auth-client': 'workspace:*' } }));
    return spawnSync(bin('biome'), ['lint', 'apps/shop/src/app.ts'], { cwd: root, encoding: 'utf8' });
  };
  expect(lintWith('devDependencies')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('noUndeclaredDependencies'),
  });
  expect(lintWith('dependencies').status).toBe(0);
});
