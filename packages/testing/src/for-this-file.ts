import { afterAll } from 'vitest';

/**
 * Waits for what the tests of a file need, and ends it after them. For the top of a file: a test alone has
 * `onTestFinished`.
 *
 * @example const auth = await forThisFile(startAuthApp());
 */
export async function forThisFile<Started extends { stop(): unknown } | { close(): unknown }>(
  starting: Promise<Started>,
): Promise<Started> {
  const started = await starting;
  afterAll(async () => {
    await ('stop' in started ? started.stop() : started.close());
  });
  return started;
}
