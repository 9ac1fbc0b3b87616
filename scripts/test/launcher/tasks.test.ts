import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '@latchkey/testing';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import { expect, vi } from 'vitest';
import { test } from './repository.ts';

test('every process of a task starts quickly, with the options that the caller gave', async ({
  repo: { root, run, write },
}) => {
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

test('a task reaches this machine without the shell’s proxy, and gets no setting of another Postgres', async ({
  repo: { run, write },
}) => {
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

test('a task gets its arguments, and its exit code is passed on', async ({ repo: { run, write } }) => {
  write('scripts/check.ts', 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;');
  expect(await run(['check', '--no-tests', 'a b'])).toMatchObject({
    stdout: '["--no-tests","a b"]\n',
    code: 3,
  });
});

test('an unknown task is refused by name, with the known ones', async ({ repo: { run } }) => {
  const { stderr, code } = await run(['constructor']);
  expect(stderr).toBe(
    'Unknown task "constructor": use one of start, reset, test, test:machines, test:compose, check, demo, load, admin, reference, new-service.\n',
  );
  expect(code).toBe(1);
});

test.for([
  ['to the launcher alone', false],
  ['to the whole process group', true],
] as const)(
  'SIGTERM %s reaches the task, which ends in its own way',
  async ([, group], { repo: { launch, write } }) => {
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
  },
);

test('a task ends when npm is killed without a signal to it', async ({ repo: { children, root, write } }) => {
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

test.for(['--no-strip-types', '--no-experimental-strip-types', '"--no-strip_types"'])(
  'a task runs TypeScript also where NODE_OPTIONS has %s',
  async (option, { repo: { program, run, write } }) => {
    write('scripts/check.ts', `const text: string = 'ran'; console.log(text);`);
    program('npx', 'exit 1');
    vi.stubEnv('NODE_OPTIONS', `${process.env['NODE_OPTIONS'] ?? ''} ${option} --no-deprecation`);
    expect(await run(['check'])).toMatchObject({ stdout: 'ran\n', stderr: '', code: 0 });
  },
);

test.for([
  ['check', 'scripts/check.ts'],
  ['test', 'node_modules/vitest/vitest.mjs'],
] as const)(
  '%s finds the right pnpm on PATH, also where the machine has an older one',
  async ([task, file], { repo: { program, root, run, write } }) => {
    write(
      file,
      `import { execSync } from 'node:child_process'; console.log(String(execSync('pnpm --version')));`,
    );
    program('pnpm', 'echo 9.0.0');
    write('fetched/pnpm', '#!/bin/sh\necho 12.9.0\n');
    chmodSync(join(root, 'fetched', 'pnpm'), 0o755);
    write('.latchkey/toolchain.json', JSON.stringify({ pnpm: join(root, 'fetched', 'pnpm') }));
    expect((await run([task])).stdout).toContain('12.9.0');
  },
);

test('a TMPDIR that is gone is not used, by the launcher or by the task, and one that is there is', async ({
  repo: { oldNode, program, root, run, write },
}) => {
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
