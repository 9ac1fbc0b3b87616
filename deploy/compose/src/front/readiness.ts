import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

export type ReadinessOptions = {
  readonly port: number;
  /** How long an answer is good for, in milliseconds. */
  readonly keepMs?: number;
  /** How long a replica may take to answer, in milliseconds. */
  readonly timeoutMs?: number;
};

/**
 * Returns a function that asks a replica whether it wants connections, by GET /ready. One that starts or is being
 * stopped answers 503. Any other answer is a yes, and none at all is a no.
 *
 * @example const isReady = createReadiness({ port: 4000 });
 */
export function createReadiness({ port, keepMs = 500, timeoutMs = 1000 }: ReadinessOptions) {
  const known = new Map<string, { readonly answer: Promise<boolean>; readonly until: number }>();
  return (host: string): Promise<boolean> => {
    const now = performance.now();
    for (const [old, { until }] of known) if (until <= now) known.delete(old);
    const kept = known.get(host);
    if (kept !== undefined) return kept.answer;
    const answer = ask({ host, port, timeoutMs });
    known.set(host, { answer, until: now + keepMs });
    return answer;
  };
}

async function ask(to: { host: string; port: number; timeoutMs: number }): Promise<boolean> {
  const { host, port, timeoutMs } = to;
  const request = get({ host, port, path: '/ready', agent: false, signal: AbortSignal.timeout(timeoutMs) });
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response.statusCode !== 503;
  } catch {
    // Refused, unreachable or too slow.
    return false;
  } finally {
    request.on('error', () => {});
    request.destroy();
  }
}
