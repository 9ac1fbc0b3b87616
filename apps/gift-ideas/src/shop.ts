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

/** Sends a GET with an access token. */
export async function ask(url: string, token: string): Promise<Answer> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000), redirect: 'error' });
    const { items, code = '', reason } = (await response.json()) as Answer & { code?: string };
    const verdict = `${response.status} ${code}`.trim();
    return response.ok ? { verdict, items, reason: undefined } : { verdict, items: undefined, reason };
  } catch (error) {
    return { verdict: error instanceof Error ? error.name : '', items: undefined, reason: undefined };
  }
}
