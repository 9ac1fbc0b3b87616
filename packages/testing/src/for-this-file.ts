import { afterAll } from 'vitest';

type Ending = 'stop' | 'close' | 'drop';

/**
 * Waits for what the tests of a file need, and ends it after them, the latest first. For the top of a file: a single
 * test has `onTestFinished`.
 *
 * @example const auth = await forThisFile(startAuthApp());
 */
export async function forThisFile<Started extends Partial<Record<Ending, () => unknown>>>(
  starting: Promise<Started>,
): Promise<Started> {
  const started = await starting;
  afterAll(async () => {
    await (started.stop ?? started.close ?? started.drop)?.call(started);
  });
  return started;
}
