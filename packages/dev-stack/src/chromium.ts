import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

// The first draws no window at all, which halves the processor time.
const names = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
];

// Prevents requests that the tests did not make, and prompts.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // For a page that is not at localhost: over plain HTTP it is in no secure context. Nobody owns these names (RFC 6761 §6.2).
  '--host-resolver-rules=MAP *.test 127.0.0.1',
];

export type ChromiumOptions = {
  /** Turns V8's optimising compilers off: in pages that live for seconds they cost more than they save. */
  shortLived?: boolean;
};

/** The path of the machine's browser; undefined if it has none. CHROMIUM names another. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env['CHROMIUM']) return env['CHROMIUM'];
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}

/**
 * Starts the machine's chromium without a window. Close it when done.
 *
 * @throws Error if there is none
 * @example
 * await using browser = await launchChromium();
 */
export async function launchChromium({ shortLived = false }: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('There is no chromium: install it, or set CHROMIUM.');
  const flags = shortLived ? ['--js-flags=--no-opt --no-maglev'] : [];
  return await chromium.launch({ executablePath, args: [...args, ...flags] });
}
