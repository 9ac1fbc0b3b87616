import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

// Nothing but what the tests open is to be loaded, and nothing is to be asked of the person at the machine.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where the machine has a browser; undefined where it has none. CHROMIUM names another. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env['CHROMIUM']) return env['CHROMIUM'];
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}

const isMissing = findChromium() === undefined && process.env['CI'] !== 'true';
if (isMissing) {
  process.stderr.write(
    'SKIPPED tests in a browser: there is no chromium here (Debian: apt-get install chromium; or set CHROMIUM).\n',
  );
}

/** As vitest's describe: skipped where there is no chromium, except in continuous integration, where it fails. */
export const describeInBrowser = describe.skipIf(isMissing);

/**
 * Starts chromium without a window. Close it.
 *
 * @throws when there is none
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('There is no chromium: install it, or set CHROMIUM.');
  return await chromium.launch({ executablePath, args });
}
