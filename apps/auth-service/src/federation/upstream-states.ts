import { randomBytes } from 'node:crypto';
import { digestOfBrowser, isSameBrowser } from '../logins/own-cookies.ts';
import { upstreamStateKey } from '../redis/key-names.ts';
import type { Records } from '../redis/records.ts';
import type { UpstreamChecks } from './provider-client.ts';

/** How long a person may take at the provider. */
export const upstreamSeconds = 600;

/** Why somebody is at a provider. */
export type Purpose =
  /** To sign in for this authorization request. */
  | { readonly kind: 'sign_in'; readonly requestId: string }
  /** To link an identity to their account, from this session. */
  | {
      readonly kind: 'link';
      readonly subject: string;
      readonly sessionId: string;
      readonly clientId: string;
      readonly returnTo: string;
    };

export type UpstreamState = {
  readonly provider: string;
  readonly purpose: Purpose;
  readonly checks: UpstreamChecks;
};

/** `answer`: the parameters that the provider had the browser post. */
type Kept = UpstreamState & { readonly browser: string; readonly answer?: string };

export type UpstreamStates = ReturnType<typeof createUpstreamStates>;

/**
 * What we remember while a person is at a provider: in Redis for 10 minutes, under the `state` of the request, and bound
 * to the browser, so that nobody can finish their own sign-in in another person's browser (RFC 6749 §10.12).
 */
export function createUpstreamStates(options: {
  readonly records: Records;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}) {
  const { records } = options;

  return {
    async begin(of: {
      readonly provider: string;
      readonly purpose: Purpose;
      readonly maxAge: number | undefined;
      readonly browser: string;
    }): Promise<UpstreamChecks> {
      const { provider, purpose, maxAge, browser } = of;
      const checks: UpstreamChecks = {
        state: random(),
        nonce: random(),
        verifier: random(),
        maxAge,
        startedAt: Math.floor(options.clock() / 1000),
      };
      await write({ provider, purpose, checks, browser: digestOfBrowser(browser) });
      return checks;
    },

    /**
     * Keeps an answer that came by form_post. The browser sends no cookie with another site's POST, so the answer waits
     * here until it comes back by GET. False when there is no such state.
     */
    async keepAnswer(provider: string, state: string, answer: string): Promise<boolean> {
      const kept = await read(state);
      if (kept?.provider !== provider || kept.answer !== undefined) return false;
      // Only while it is there, and for no longer than before: somebody may be taking it.
      const text = JSON.stringify({ ...kept, answer } satisfies Kept);
      return records.replace(upstreamStateKey(state), text);
    },

    /**
     * Takes the state, once. Undefined when it is unknown, expired or used, or is another provider's; 'elsewhere' when
     * this is not the browser in which it began. The latter leaves it in place.
     */
    async take(
      provider: string,
      state: string,
      browsers: readonly string[],
    ): Promise<(UpstreamState & { readonly answer: string | undefined }) | 'elsewhere' | undefined> {
      const kept = await read(state);
      if (kept?.provider !== provider) return undefined;
      const { browser: expected, ...rest } = kept;
      if (!isSameBrowser(browsers, expected)) return 'elsewhere';
      if (!(await records.remove(upstreamStateKey(state)))) return undefined;
      return { ...rest, answer: kept.answer };
    },
  };

  async function read(state: string): Promise<Kept | undefined> {
    if (!/^[\w-]{43}$/.test(state)) return undefined;
    const kept = await records.find(upstreamStateKey(state));
    return kept === undefined ? undefined : (JSON.parse(kept) as Kept);
  }

  async function write(kept: Kept): Promise<void> {
    const { state } = kept.checks;
    await records.keep(upstreamStateKey(state), JSON.stringify(kept), upstreamSeconds);
  }
}

/** 256 bits: also a code verifier (RFC 7636 §4.1). */
function random(): string {
  return randomBytes(32).toString('base64url');
}
