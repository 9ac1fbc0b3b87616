import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildPage } from '../../src/storefront/build-page.ts';

// An app with a fake vite, because the tests check only when it runs and what becomes of its output.
const vite = `
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const [, , , , to] = process.argv;
const page = readFileSync('page/index.html', 'utf8');
if (page.startsWith('error during build:')) {
  console.error('✗ Build failed in 141ms\\n' + page + '\\n    at build (file:///vite.js:1:1)');
  process.exit(1);
}
mkdirSync(to);
writeFileSync(to + '/index.html', page + ' ' + process.env.NODE_ENV);
`;
let app: string;
let logFile: string;
const built = () => readFileSync(join(app, 'dist', 'index.html'), 'utf8');

beforeEach(() => {
  app = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  logFile = join(app, 'build.log');
  mkdirSync(join(app, 'node_modules', 'vite', 'bin'), { recursive: true });
  writeFileSync(join(app, 'node_modules', 'vite', 'bin', 'vite.js'), vite);
  mkdirSync(join(app, 'page'));
  change('one');
});
afterEach(() => rmSync(app, { recursive: true, force: true }));

function change(text: string, at = new Date()): void {
  writeFileSync(join(app, 'page', 'index.html'), text);
  utimesSync(join(app, 'page', 'index.html'), at, at);
}

test('the page is built when there is none, and again when something has changed', async () => {
  await buildPage(app, { logFile });
  expect(built()).toBe('one production');
  change('two', new Date(Date.now() + 5000));
  await buildPage(app, { logFile });
  expect(built()).toBe('two production');
  expect(readdirSync(join(app, 'node_modules'))).toEqual(['vite']);
});

test('a page that is newer than its sources is left as it is', async () => {
  const before = new Date(Date.now() - 60_000);
  change('one', before);
  utimesSync(join(app, 'page'), before, before);
  await buildPage(app, { logFile });
  writeFileSync(join(app, 'dist', 'index.html'), 'kept');
  await buildPage(app, { logFile });
  expect(built()).toBe('kept');
});

test('two stacks that begin at once do not disturb each other', async () => {
  await Promise.all([1, 2, 3].map((number) => buildPage(app, { logFile: `${logFile}${number}` })));
  expect(built()).toBe('one production');
});

const unresolved = '\x1b[31m[UNRESOLVED_IMPORT] \x1b[0mCould not resolve ./gone.ts';

// vite 8 writes colours also where NO_COLOR is set.
test.each([
  ['Error: it is broken', 'Error: it is broken'],
  [`Build failed with 1 error:\n\n${unresolved}\n`, '[UNRESOLVED_IMPORT] Could not resolve ./gone.ts'],
  [
    `Error: Build failed with 2 errors:\n\n${unresolved}\n`,
    '[UNRESOLVED_IMPORT] Could not resolve ./gone.ts',
  ],
])(
  'a page that cannot be built is one line with the reason, and the one before stays: %j',
  async (said, reason) => {
    await buildPage(app, { logFile });
    change(`error during build:\n${said}`, new Date(Date.now() + 5000));
    await expect(buildPage(app, { logFile })).rejects.toThrow(
      `The page cannot be built: ${reason} (log: ${logFile})`,
    );
    expect(built()).toBe('one production');
    expect(existsSync(logFile)).toBe(true);
  },
);

test.each(['?', '\\'])(
  'where vite fails in a folder with a %s, the folder has to be renamed',
  async (character) => {
    const folder = join(app, `a${character}b`);
    cpSync(join(app, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
    mkdirSync(join(folder, 'page'));
    writeFileSync(join(folder, 'page', 'index.html'), 'error during build:\nError: it is broken');
    await expect(buildPage(folder, { logFile })).rejects.toThrow(
      `The page cannot be built: rename the folder, since vite finds no files where a path has "${character}" (${folder}). It says: Error: it is broken (log: ${logFile})`,
    );
  },
);
