import { randomBytes } from 'node:crypto';

/** What a service of the shop answered. A service that cannot be reached answers too: with the error's name. */
export type Answer = {
  /** For people: the status and the code, such as `401 invalid_token`. */
  readonly verdict: string;
  /** Undefined when it refused. */
  readonly items: readonly Wish[] | undefined;
  /** Why it refuses a token that has not expired, such as `consent_withdrawn`. */
  readonly reason: string | undefined;
};

export type Wish = { readonly sku: string; readonly note?: string | null };

/** The `traceparent` for requests that follow from one with `received`: the same trace, from us (W3C Trace Context). */
export function traceparentAfter(received: string | string[] | undefined): string | undefined {
  const [, trace, flags] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(String(received)) ?? [];
  return trace && `00-${trace}-${randomBytes(8).toString('hex')}-${flags}`;
}

/** Sends a GET with an access token, within a trace if there is one. */
export async function ask(url: string, token: string, traceparent?: string): Promise<Answer> {
  try {
    const headers = { authorization: `Bearer ${token}`, ...(traceparent && { traceparent }) };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000), redirect: 'error' });
    const { items, code = '', reason } = (await response.json()) as Answer & { code?: string };
    const verdict = `${response.status} ${code}`.trim();
    return response.ok ? { verdict, items, reason: undefined } : { verdict, items: undefined, reason };
  } catch (error) {
    return { verdict: error instanceof Error ? error.name : '', items: undefined, reason: undefined };
  }
}
