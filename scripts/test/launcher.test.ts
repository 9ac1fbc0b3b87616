import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { eventually } from '@latchkey/testing';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// A separate repository, whose tasks and package managers only report how they were called.
let root: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  const scripts = join(import.meta.dirname, '..');
  for (const name of ['with-toolchain.mjs', 'toolchain']) {
    cpSync(join(scripts, name), join(root, 'scripts', name), { recursive: true });
  }
  write('packages/service-kit/src/quick-start.mjs', 'globalThis.startsQuickly = true;');
  write('pnpm-lock.yaml', 'lock: 1\n');
  write('node_modules/.pnpm/lock.yaml', 'lock: 1\n');
  program('pnpm', 'echo 12.0.0');
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** A program that comes before all others on PATH. */
function program(name: string, script: string): void {
  write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}

function launch(args: string[], { node = [] as string[], group = false } = {}): ChildProcess {
  const child = spawn(process.execPath, [...node, 'scripts/with-toolchain.mjs', ...args], {
    cwd: root,
    env: { ...process.env, PATH: [join(root, 'bin'), '/usr/bin', '/bin'].join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group,
  });
  children.push(child);
  return child;
}

async function run(args: string[], options: { node?: string[] } = {}) {
  const child = launch(args, options);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code: code as number };
}

/** Makes the launcher believe that it runs on Node.js 18. */
function oldNode(): string[] {
  write('old.mjs', `Object.defineProperty(process.versions, 'node', { value: '18.19.0' });`);
  return ['--import', join(root, 'old.mjs')];
}

/** A Node.js that runs no TypeScript, as some distributions build it. */
function nodeWithoutTypes(): string {
  program('node-without-types', `exec ${process.execPath} --no-strip-types "$@"`);
  return join(root, 'bin', 'node-without-types');
}

test('every process of a task starts quickly, with the options that the caller gave', async () => {
  write('given.mjs', 'globalThis.isGiven = true;');
  const program = 'console.log(startsQuickly && isGiven)';
  write(
    'scripts/check.ts',
    `import { spawnSync } from 'node:child_process';
     ${program}; spawnSync(process.execPath, ['--eval', '${program}'], { stdio: 'inherit' });`,
  );
  vi.stubEnv('NODE_OPTIONS', `--import=${pathToFileURL(join(root, 'given.mjs'))}`);
  expect(await run(['check'])).toMatchObject({ stdout: 'true\ntrue\n', code: 0 });
});

test('a task reaches this machine without the shell’s proxy, and gets no setting of another Postgres', async () => {
  const names = ['localhost', ...loopbackAddresses.map((host) => (host.includes(':') ? `[${host}]` : host))];
  write(
    'scripts/check.ts',
    `import { once } from 'node:events';
     import { createServer, get } from 'node:http';
     console.log(Object.keys(process.env).filter((name) => name.startsWith('PG')).length);
     console.log(process.env.HTTP_PROXY, process.env.NO_PROXY === process.env.no_proxy, process.env.NO_PROXY);
     for (const name of ${JSON.stringify(names)}) {
       const server = createServer((request, response) => response.end('here '));
       await once(server.listen(0, name.includes(':') ? '::1' : '127.0.0.1'), 'listening');
       const url = \`http://\${name}:\${server.address().port}/\`;
       process.stdout.write(await (await fetch(url)).text());
       const [answer] = await once(get(url), 'response');
       for await (const data of answer) process.stdout.write(data);
       server.close();
       server.closeAllConnections();
     }`,
  );
  const proxy = 'http://127.0.0.1:1';
  const shell = {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    NO_PROXY: 'ignored.invalid',
  };
  for (const [name, value] of Object.entries({ ...shell, no_proxy: 'corp.invalid', PGSSLMODE: 'require' }))
    vi.stubEnv(name, value);
  const { stdout, stderr, code } = await run(['check']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.split('\n')).toEqual([
    '0',
    `${proxy} true corp.invalid,localhost,127.0.0.1,::1,[::1]`,
    'here '.repeat(2 * names.length),
  ]);
});

test('a task gets its arguments, and its exit code is passed on', async () => {
  write('scripts/check.ts', 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;');
  expect(await run(['check', '--no-tests', 'a b'])).toMatchObject({
    stdout: '["--no-tests","a b"]\n',
    code: 3,
  });
});

test('an unknown task is refused by name, with the known ones', async () => {
  const { stderr, code } = await run(['constructor']);
  expect(stderr).toBe(
    'Unknown task "constructor": use one of start, reset, test, test:machines, test:compose, check, demo, load, admin, reference, new-service.\n',
  );
  expect(code).toBe(1);
});

test.each([
  ['to the launcher alone', false],
  ['to the whole process group', true],
])('SIGTERM %s reaches the task, which ends in its own way', async (_, group) => {
  write(
    'scripts/check.ts',
    `let signals = 0;
     process.on('SIGTERM', () => {
       signals += 1;
       setTimeout(() => { console.log('signals', signals); process.exit(0); }, 300);
     });
     setInterval(() => {}, 1000);
     console.log('up');`,
  );
  const child = launch(['check'], { group });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (data: string) => (output += data));
  await eventually('the child says that it is up', () => expect(output).toContain('up'));
  if (group) process.kill(-(child.pid as number), 'SIGTERM');
  else child.kill('SIGTERM');
  // npm signals the launcher as well when it gets a signal itself.
  if (group) child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(output).toMatch(group ? /signals [12]\n/ : /signals 1\n/);
});

test('a task ends when npm is killed without a signal to it', async () => {
  write(
    'scripts/check.ts',
    `process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log(process.pid);`,
  );
  // A shell that waits takes the place of npm.
  const script = `${process.execPath} scripts/with-toolchain.mjs check; true`;
  const shell = spawn('/bin/sh', ['-c', script], {
    cwd: root,
    env: { ...process.env, npm_lifecycle_event: 'check' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(shell);
  const [line] = await once(shell.stdout.setEncoding('utf8'), 'data');
  shell.kill('SIGKILL');
  // The output ends when the last process that has it open ends.
  await once(shell, 'close');
  expect(() => process.kill(Number(line), 0)).toThrow(/ESRCH/);
});

test('dependencies are installed quietly when node_modules does not match the lockfile', async () => {
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

test('an install that fails shows why, stops the task, and is repeated', async () => {
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

test('on an old Node.js both programs are fetched once, and found again without npx', async () => {
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

test('where the system lacks a library for the newest Node.js, the version before is fetched', async () => {
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

test('in place of a Node.js without TypeScript another one is fetched, once', async () => {
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

test('a Node.js without TypeScript that was fetched is replaced', async () => {
  write('scripts/check.ts', `console.log('ran');`);
  write('.latchkey/toolchain.json', JSON.stringify({ node: nodeWithoutTypes() }));
  program('npx', `echo '${JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') })}'`);
  expect(await run(['check'], { node: oldNode() })).toMatchObject({ stdout: 'ran\n', code: 0 });
});

test.each(['--no-strip-types', '--no-experimental-strip-types', '"--no-strip_types"'])(
  'a task runs TypeScript also where NODE_OPTIONS has %s',
  async (option) => {
    write('scripts/check.ts', `const text: string = 'ran'; console.log(text);`);
    program('npx', 'exit 1');
    vi.stubEnv('NODE_OPTIONS', `${process.env['NODE_OPTIONS'] ?? ''} ${option} --no-deprecation`);
    expect(await run(['check'])).toMatchObject({ stdout: 'ran\n', stderr: '', code: 0 });
  },
);

test.each([
  ['check', 'scripts/check.ts'],
  ['test', 'node_modules/vitest/vitest.mjs'],
])('%s finds the right pnpm on PATH, also where the machine has an older one', async (task, file) => {
  write(
    file,
    `import { execSync } from 'node:child_process'; console.log(String(execSync('pnpm --version')));`,
  );
  program('pnpm', 'echo 9.0.0');
  write('fetched/pnpm', '#!/bin/sh\necho 12.9.0\n');
  chmodSync(join(root, 'fetched', 'pnpm'), 0o755);
  write('.latchkey/toolchain.json', JSON.stringify({ pnpm: join(root, 'fetched', 'pnpm') }));
  expect((await run([task])).stdout).toContain('12.9.0');
});

test('a Node.js that an installation script fetches is whole, also for a person who has turned such scripts off', async () => {
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

test('the fetch is whole, also for a person who wants no optional packages and no links to programs', async () => {
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

test('NODE_OPTIONS that a fetched Node.js refuses are not used', async () => {
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

test('where HOME is not writable, fetched files are kept in the clone, with the settings of HOME', async () => {
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

test('a TMPDIR that is gone is not used, by the launcher or by the task, and one that is there is', async () => {
  write('scripts/check.ts', `console.log(process.env.TMPDIR);`);
  const paths = JSON.stringify({ node: process.execPath, pnpm: join(root, 'bin', 'pnpm') });
  program('npx', `echo '${paths}'`);
  vi.stubEnv('TMPDIR', join(root, 'gone'));
  const gone = await run(['check'], { node: oldNode() });
  expect(gone).toMatchObject({ stdout: 'undefined\n', code: 0 });
  expect(gone.stderr).toContain(
    `TMPDIR names ${join(root, 'gone')}, where nothing can be written: it is not used.\n`,
  );
  vi.stubEnv('TMPDIR', join(root, 'bin'));
  expect(await run(['check'])).toMatchObject({ stdout: `${join(root, 'bin')}\n`, stderr: '', code: 0 });
});

test('without a network the old Node.js says what to do', async () => {
  program('npx', 'echo "npm error network" >&2; exit 1');
  const { stderr, code } = await run(['check'], { node: oldNode() });
  expect(stderr).toMatch(/npm error network\nnode@26 and pnpm@12 could not be fetched: check the network/);
  expect(code).toBe(1);
});
