import { findChromium } from '@latchkey/dev-stack/chromium';
import { describe } from 'vitest';

const isMissing = findChromium() === undefined && process.env['CI'] !== 'true';
if (isMissing) {
  process.stderr.write(
    'SKIPPED tests in a browser: there is no chromium here (Debian: apt-get install chromium; or set CHROMIUM).\n',
  );
}

/** As vitest's describe: skipped where there is no chromium, except in continuous integration, where it fails. */
export const describeInBrowser = describe.skipIf(isMissing);
