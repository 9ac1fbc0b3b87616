import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const app = join(import.meta.dirname, '..');

/** The size after brotli compression, as browsers receive it. `all` has the demo’s console, with its texts in two languages. */
const maxBytes = { all: 210_000, shop: 165_000, style: 20_000 };

describe('what a browser has to load', () => {
  let directory = '';
  const sizes = new Map<string, number>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'latchkey-page-'));
    const vite = join(app, 'node_modules', 'vite', 'bin', 'vite.js');
    await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', directory, '--emptyOutDir'], {
      cwd: app,
      env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    });
    const assets = join(directory, 'assets');
    for (const name of await readdir(assets)) {
      if (/\.(js|css)\.br$/.test(name)) sizes.set(name, (await stat(join(assets, name))).size);
    }
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  function sum(matches: (name: string) => boolean): number {
    return [...sizes].filter(([name]) => matches(name)).reduce((total, [, size]) => total + size, 0);
  }

  it(`is less than ${maxBytes.all / 1000} kB of script, with everything that is loaded later`, () => {
    expect(sum((name) => name.endsWith('.js.br'))).toBeGreaterThan(0);
    expect(sum((name) => name.endsWith('.js.br'))).toBeLessThan(maxBytes.all);
  });

  it(`is less than ${maxBytes.shop / 1000} kB of script for the shop alone`, () => {
    expect(sum((name) => name.startsWith('index-') && name.endsWith('.js.br'))).toBeLessThan(maxBytes.shop);
  });

  it(`is less than ${maxBytes.style / 1000} kB of style`, () => {
    expect(sum((name) => name.endsWith('.css.br'))).toBeLessThan(maxBytes.style);
  });
});
