import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';

/** Every setting that has no default. */
export const settings = {
  PORT: '0',
  NODE_ENV: 'development',
  LOG_LEVEL: 'silent',
  ISSUER: 'http://localhost:4000',
  STOREFRONT_ORIGIN: 'http://localhost:3000',
  AUTH_ORIGIN: 'http://localhost:4000',
  CART_ORIGIN: 'http://localhost:4001',
  WISHLIST_ORIGIN: 'http://localhost:4002',
  PAYMENT_ORIGIN: 'http://localhost:4003',
};

export const script = `console.log('${'the page '.repeat(50)}');\n`;

/** A folder like the one that `vite build` makes. Call it within a test. */
export function builtPage(): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  mkdirSync(join(directory, 'assets'));
  writeFileSync(
    join(directory, 'index.html'),
    '<!doctype html><head><script type="application/json" id="page-config"></script></head><div id="root"></div>',
  );
  writeFileSync(join(directory, 'assets', 'index-abc123.js'), script);
  writeFileSync(join(directory, 'assets', 'index-abc123.js.br'), brotliCompressSync(script));
  writeFileSync(join(directory, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The storefront with a page, ready for `inject`. Call it within a test. */
export async function storefront(env: Record<string, string> = {}) {
  const config = readConfig({ ...settings, ...env });
  const app = await buildApp({ config, pageDirectory: builtPage() });
  onTestFinished(() => app.close());
  return app;
}

export const host = { host: 'localhost:3000' };
