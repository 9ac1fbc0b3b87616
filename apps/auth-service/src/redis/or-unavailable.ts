import { ProblemError } from '@latchkey/service-kit';
import { ReplyError } from 'ioredis';

/**
 * Runs one Redis operation and turns "Redis did not answer" into 503 with Retry-After. An error that Redis itself
 * answered with (a fault in a script, say) is ours, and passes unchanged.
 */
export async function orUnavailable<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (cause instanceof ReplyError && !isPassing(cause as Error)) throw cause;
    throw new ProblemError({
      status: 503,
      code: 'session_store_unavailable',
      detail: 'Sessions cannot be reached at the moment. Try again; what was done already is not done twice.',
      headers: { 'retry-after': '1' },
      cause,
    });
  }
}

/** Answers with which a starting, failing-over or full Redis says "not now". */
function isPassing(error: Error): boolean {
  return /^(LOADING|BUSY|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|OOM|MISCONF|NOREPLICAS|NOAUTH)\b/.test(
    error.message,
  );
}
