// The real clock and timers, because a test may replace them (vi.useFakeTimers).
const { setTimeout, clearTimeout } = globalThis;
const now = performance.now.bind(performance);

/**
 * How long a test waits for a state, in milliseconds: two minutes, so that an overloaded machine fails no test. It ends
 * tests that hang.
 */
export const patienceMs = 120_000;

export type EventuallyOptions = {
  /** How long to keep trying, in milliseconds. Default: patienceMs. */
  readonly withinMs?: number;
  /** How long to pause between two attempts, in milliseconds. Default 20. */
  readonly everyMs?: number;
};

/**
 * Waits for a state: repeats `check` until it neither throws nor rejects, and returns its result. All tests here wait
 * in this way; none waits for a fixed time.
 *
 * An attempt that hangs counts against the limit but is not cancelled. The result of `check` is not examined, so put a
 * condition into an `expect`.
 *
 * @param state the expected state, for the failure's message
 * @throws Error `Not within 120 s: <state>`, and why the last attempt failed
 * @example
 * await eventually('payment-service is ready', async () => expect(await statusOf('/ready')).toBe(200));
 */
export async function eventually<T>(
  state: string,
  check: () => T | Promise<T>,
  { withinMs = patienceMs, everyMs = 20 }: EventuallyOptions = {},
): Promise<T> {
  const end = now() + withinMs;
  for (;;) {
    try {
      return await within(end, check);
    } catch (cause) {
      if (now() + everyMs >= end) throw failure(state, withinMs, cause);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function within<T>(end: number, check: () => T | Promise<T>): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const hangs = () => reject(new Error('the attempt did not come to an end'));
  const timer = setTimeout(hangs, Math.max(0, end - now()));
  try {
    return await Promise.race([Promise.resolve().then(check), givenUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** Error.captureStackTrace exists only in some engines, and pages are tested too. */
type CaptureStackTrace = { captureStackTrace?: (error: Error, above: unknown) => void };

function failure(state: string, withinMs: number, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const error = new Error(`Not within ${withinMs / 1000} s: ${state} (last attempt: ${reason})`, { cause });
  // Makes the stack point at the test instead of this file, where the engine supports it.
  (Error as CaptureStackTrace).captureStackTrace?.(error, eventually);
  return error;
}
