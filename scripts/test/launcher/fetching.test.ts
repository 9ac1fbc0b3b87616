import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { test } from './repository.ts';

test('dependencies are installed quietly when node_modules does not match the lockfile', async ({
  repo: { program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log('ran');`);
  program(
    'pnpm',
    'if [ "$1" = --version ]; then echo 12.1.0; else echo noise; echo "$@" > ran; cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml; fi',
  );
  expect(await run(['check'])).toMatchObject({ stdout: 'ran\n', stderr: '' });
  expect(existsSync(join(root, 'ran'))).toBe(false);

  write('pnpm-lock.yaml', 'lock: 2\n');
  expect(await run(['check'])).toMatchObject({ stdout: 'ran\n', stderr: 'Installing dependencies …\n' });
  expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('install --frozen-lockfile\n');
  expect(await run(['check'])).toMatchObject({ stderr: '' });
});

test('an install that fails shows why, stops the task, and is repeated', async ({
  repo: { program, run, write },
}) => {
  write('scripts/check.ts', `console.log('ran');`);
  write('pnpm-lock.yaml', 'lock: 2\n');
  program(
    'pnpm',
    '[ "$1" = --version ] && echo 12.1.0 && exit; cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml; echo ERR_BROKEN; exit 1',
  );
  const first = await run(['check']);
  expect(first).toMatchObject({ stdout: '', code: 1 });
  expect(first.stderr).toMatch(/ERR_BROKEN\nThe dependencies could not be installed/);
  // The lockfile's copy is there now, but the install was not finished.
  expect((await run(['check'])).stderr).toContain('ERR_BROKEN');
});

test('on an old Node.js both programs are fetched once, and found again without npx', async ({
  repo: { oldNode, program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log('ran');`);
  write('pnpm-lock.yaml', 'lock: 2\n');
  program('pnpm', 'echo 9.0.0');
  write(
    'fetched/pnpm',
    '#!/bin/sh\n[ "$1" = --version ] && echo 12.9.0 && exit; cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml\n',
  );
  chmodSync(join(root, 'fetched', 'pnpm'), 0o755);
  const paths = JSON.stringify({ node: process.execPath, pnpm: join(root, 'fetched', 'pnpm') });
  program('npx', `echo "$@" > ${join(root, 'npx-arguments')}; echo '${paths}'`);
  const first = await run(['check'], { node: oldNode() });
  expect(first).toMatchObject({ stdout: 'ran\n', code: 0 });
  expect(first.stderr).toContain('Fetching node@26 and pnpm@12 from the npm registry (once)');
  expect(readFileSync(join(root, 'npx-arguments'), 'utf8')).toContain(
    '--yes --package node@26 --package pnpm@12 -- node',
  );

  program('npx', 'exit 1');
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: 'ran\n', stderr: '', code: 0 });
});

test('where the system lacks a library for the newest Node.js, the version before is fetched', async ({
  repo: { oldNode, program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log('ran');`);
  const paths = JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') });
  program(
    'npx',
    `case "$*" in
      *node@26*) exit 127 ;;
      *node@24*) echo '${paths}' ;;
    esac`,
  );
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: 'ran\n', code: 0 });
});

test('in place of a Node.js without TypeScript another one is fetched, once', async ({
  repo: { nodeWithoutTypes, program, root, run, write },
}) => {
  write('scripts/check.ts', `const text: string = 'ran'; console.log(text);`);
  write('own.mjs', `process.execPath = '${nodeWithoutTypes()}';`);
  const node = ['--no-strip-types', '--import', join(root, 'own.mjs')];
  program('npx', `echo '${JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') })}'`);
  const first = await run(['check'], { node });
  expect(first).toMatchObject({ stdout: 'ran\n', code: 0 });
  expect(first.stderr).toContain('Fetching node@26 and pnpm@12 from the npm registry (once)');
  program('npx', 'exit 1');
  expect(await run(['check'], { node })).toMatchObject({ stdout: 'ran\n', stderr: '', code: 0 });
});

test('a Node.js without TypeScript that was fetched is replaced', async ({
  repo: { nodeWithoutTypes, oldNode, program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log('ran');`);
  write('.latchkey/toolchain.json', JSON.stringify({ node: nodeWithoutTypes() }));
  program('npx', `echo '${JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') })}'`);
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: 'ran\n', code: 0 });
});

test('a Node.js that an installation script fetches is whole, also for a person who has turned such scripts off', async ({
  repo: { oldNode, program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log('ran');`);
  write('pnpm-lock.yaml', 'lock: 2\n');
  program(
    'pnpm',
    `[ "$1" = --version ] && echo 12.1.0 && exit
     [ "$PNPM_CONFIG_IGNORE_SCRIPTS" = false ] && cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml`,
  );
  const paths = JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') });
  program('npx', `[ "$npm_config_ignore_scripts" = false ] && echo '${paths}'`);
  // As npm tells its scripts what ~/.npmrc says.
  vi.stubEnv('npm_config_ignore_scripts', 'true');
  vi.stubEnv('PNPM_CONFIG_IGNORE_SCRIPTS', 'true');
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: 'ran\n', code: 0 });
});

test('the fetch is whole, also for a person who wants no optional packages and no links to programs', async ({
  repo: { oldNode, program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log('ran');`);
  write('pnpm-lock.yaml', 'lock: 2\n');
  program(
    'pnpm',
    `[ "$1" = --version ] && echo 12.1.0 && exit
     [ "$PNPM_CONFIG_OPTIONAL" = true ] && cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml`,
  );
  const paths = JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') });
  program('npx', `[ "$npm_config_include $npm_config_bin_links" = 'optional true' ] && echo '${paths}'`);
  vi.stubEnv('npm_config_omit', 'optional');
  vi.stubEnv('npm_config_bin_links', 'false');
  vi.stubEnv('PNPM_CONFIG_OPTIONAL', 'false');
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: 'ran\n', code: 0 });
});

test('NODE_OPTIONS that a fetched Node.js refuses are not used', async ({
  repo: { oldNode, program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log(process.env.NODE_OPTIONS.includes('--no-warnings'));`);
  write('pnpm-lock.yaml', 'lock: 2\n');
  const fetched = join(root, 'bin', 'fetched-node');
  const refusal = 'node: --no-warnings is not allowed in NODE_OPTIONS';
  program(
    'fetched-node',
    `case "$NODE_OPTIONS" in *--no-warnings*) echo '${refusal}' >&2; exit 9 ;; esac
     exec ${process.execPath} "$@"`,
  );
  program(
    'pnpm',
    `[ "$1" = --version ] && echo 12.1.0 && exit
     ${fetched} --version && cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml`,
  );
  // As npx does, it passes the exit code of its program on.
  program(
    'npx',
    `${fetched} --version || exit
     echo '${JSON.stringify({ node: fetched, pnpm: join(root, 'bin', 'pnpm') })}'`,
  );
  vi.stubEnv('NODE_OPTIONS', '--no-warnings');
  const told = `NODE_OPTIONS is "--no-warnings", which the fetched Node.js refuses: it is not used.\n`;
  const first = await run(['check'], { node: oldNode() });
  expect(first).toMatchObject({ stdout: 'false\n', code: 0 });
  expect(first.stderr).toBe(
    `Fetching node@26 and pnpm@12 from the npm registry (once) …\n${told}Installing dependencies …\n`,
  );
  program('npx', 'exit 1');
  expect(await run(['check'], { node: oldNode() })).toMatchObject({
    stdout: 'false\n',
    stderr: told,
    code: 0,
  });

  vi.stubEnv('NODE_OPTIONS', '--no-deprecation');
  write('scripts/check.ts', `console.log(process.env.NODE_OPTIONS.includes('--no-deprecation'));`);
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: 'true\n', stderr: '', code: 0 });
});

test('where HOME is not writable, fetched files are kept in the clone, with the settings of HOME', async ({
  repo: { oldNode, program, root, run, write },
}) => {
  write('scripts/check.ts', `console.log(process.env.HOME);`);
  write('pnpm-lock.yaml', 'lock: 2\n');
  const told = (by: string) =>
    `echo ${by} "$HOME" "$npm_config_cache" "$npm_config_userconfig" >> ${join(root, 'told')}`;
  program(
    'pnpm',
    `[ "$1" = --version ] && echo 12.1.0 && exit; ${told('pnpm')}; cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml`,
  );
  program(
    'npx',
    `${told('npx')}; echo '${JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') })}'`,
  );
  // A file instead of a folder, so that nobody can write there, not even root.
  const nowhere = join(root, 'pnpm-lock.yaml');
  vi.stubEnv('HOME', nowhere);
  // npm sets this for its scripts.
  vi.stubEnv('npm_config_cache', join(nowhere, '.npm'));
  vi.stubEnv('npm_config_userconfig', undefined);
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: `${nowhere}\n`, code: 0 });
  const home = join(root, '.latchkey', 'programs', 'home');
  const settings = `${home} ${join(home, '.npm')} ${join(nowhere, '.npmrc')}`;
  expect(readFileSync(join(root, 'told'), 'utf8')).toBe(`npx ${settings}\npnpm ${settings}\n`);
});

test('without a network the old Node.js says what to do', async ({ repo: { oldNode, program, run } }) => {
  program('npx', 'echo "npm error network" >&2; exit 1');
  const { stderr, code } = await run(['check'], { node: oldNode() });
  expect(stderr).toMatch(/npm error network\nnode@26 and pnpm@12 could not be fetched: check the network/);
  expect(code).toBe(1);
});
