import { findChromium } from '@latchkey/dev-stack/chromium';
import { describe } from 'vitest';

const isMissing = findChromium() === undefined && process.env['CI'] !== 'true';
if (isMissing) {
  process.stderr.write(
    'SKIPPED tests in a browser: there is no chromium here (Debian: apt-get install chromium; or set CHROMIUM).\n',
  );
}

/** Like vitest's describe. Without chromium it skips the tests; in continuous integration it fails. */
export const describeInBrowser = describe.skipIf(isMissing);
