import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const options = process.env['NODE_OPTIONS'] ?? '';
const map = new URL(/--import=(\S+bundled\/hook\.mjs\S*)/.exec(options)?.[1] ?? '').searchParams.get('map');
const libraries = Object.keys(JSON.parse(readFileSync(map ?? '', 'utf8')));

/** What each library exports, and the file that it comes from, in a program that imports as auth-service does. */
async function exportsIn(env: NodeJS.ProcessEnv, folder: string, names: readonly string[]) {
  const code = `const told = {};
    for (const name of ${JSON.stringify(names)})
      told[name] = { file: import.meta.resolve(name), exports: Object.keys(await import(name)).sort() };
    console.log(JSON.stringify(told));`;
  const cwd = join(import.meta.dirname, '..', '..', '..', '..', folder);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    cwd,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout) as Record<string, { file: string; exports: string[] }>;
}

test.each([
  ['packages/service-kit', ['fastify', 'pg', 'pino', 'typebox', 'drizzle-orm', 'drizzle-orm/node-postgres']],
  ['apps/auth-service', ['ioredis', 'jose', 'openid-client']],
])(
  'a program of %s that tests start has its libraries from the bundle, with the same exports',
  async (folder, names) => {
    expect(libraries).toEqual(expect.arrayContaining(names));
    const [bundled, own] = await Promise.all([
      exportsIn({}, folder, names),
      exportsIn({ NODE_OPTIONS: '' }, folder, names),
    ]);
    for (const name of names) {
      expect(bundled[name]?.file).toContain('/bundled-dependencies/');
      expect(own[name]?.file).not.toContain('/bundled-dependencies/');
      const usable = own[name]?.exports.filter((exported) => exported !== 'module.exports');
      expect(bundled[name]?.exports, name).toEqual(usable);
    }
  },
);
