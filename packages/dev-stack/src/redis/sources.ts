import { DevStackError } from '../errors.ts';

/** Where Redis may come from. */
export type Source<Found> = {
  /** Whether this machine has the source at all. Asked only where those before it have failed. */
  isHere: () => boolean;
  /** @throws DevStackError, one line, when nothing comes from it */
  get: () => Promise<Found>;
};

/**
 * What the first source gives that works. A source that fails is told of by `onProgress`, if there is another.
 *
 * @returns undefined where this machine has none of the sources
 * @throws DevStackError of the last source; the signal's reason when aborted
 */
export async function firstOf<Found>(
  sources: readonly Source<Found>[],
  options: { onProgress?: ((line: string) => void) | undefined; signal?: AbortSignal | undefined },
): Promise<Found | undefined> {
  let fault: DevStackError | undefined;
  for (const { isHere, get } of sources) {
    if (!isHere()) continue;
    if (fault !== undefined) options.onProgress?.(`${fault.message} Looking for another …`);
    try {
      return await get();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof DevStackError)) throw error;
      fault = error;
    }
  }
  if (fault !== undefined) throw fault;
  return undefined;
}
