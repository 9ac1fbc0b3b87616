import { type AuthCall, readJson } from './auth-call.ts';
import type { CodeToRedeem } from './auth-endpoint.ts';
import { SessionError } from './errors.ts';
import { base64url, hashOf } from './keys/base64url.ts';
import type { Platform } from './platform.ts';

export type BeginSignInOptions = {
  /** The user name to fill in. */
  loginHint?: string;
  /** The languages of auth-service's page, the first is best, separated by spaces. Default: the browser's. */
  uiLocales?: string;
  /** The person types the password again, or signs in again at the provider, if they last did so longer ago. */
  maxAgeSeconds?: number;
  /** The id of the provider elsewhere at which the person signs in, of auth-service's `GET /providers`. */
  identityProvider?: string;
  /** Fewer scopes than the person has, separated by spaces, to limit the session. */
  scope?: string;
  /** Where auth-service returns to, as the client registered it. Default: `/` of the page's origin. */
  redirectUri?: string;
};

/** The code flow of a page (RFC 6749 §4.1, RFC 7636). Both functions throw SessionError. */
export type CodeFlow = {
  /** Leaves the page for auth-service's. */
  begin(options: BeginSignInOptions): Promise<void>;
  /** Takes the answer out of the page's address; undefined when there is none. */
  take(): CodeToRedeem | undefined;
};

export type CodeFlowParts = {
  /** Names what this tab stores. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly call: AuthCall;
  /** A scope to ask for in any case. */
  readonly alwaysAsked?: string | undefined;
  readonly platform: Pick<Platform, 'tabStorage' | 'address'>;
};

/** What this tab remembers until the person is back. Without the code, the verifier is of no use. */
type Begun = { readonly state: string; readonly verifier: string; readonly redirectUri: string };

export function createCodeFlow(parts: CodeFlowParts): CodeFlow {
  const { name, issuer, clientId, alwaysAsked } = parts;
  const { tabStorage, address } = parts.platform;

  return {
    async begin({ loginHint, uiLocales, maxAgeSeconds, identityProvider, scope, ...options }) {
      const { origin } = new URL(address.get());
      const begun = { state: random(), verifier: random(), redirectUri: options.redirectUri ?? `${origin}/` };
      const challenge = await challengeOf(begun.verifier);
      // Asked first, so that nobody leaves the page for one that does not answer.
      const url = new URL(await readAuthorizationEndpoint(parts));
      try {
        tabStorage().setItem(name, JSON.stringify(begun));
      } catch (cause) {
        throw new SessionError('storage_blocked', 'The browser stores nothing for this page.', { cause });
      }
      const parameters = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: begun.redirectUri,
        state: begun.state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        scope: [scope, alwaysAsked].filter(Boolean).join(' ') || undefined,
        login_hint: loginHint,
        ui_locales: uiLocales,
        max_age: maxAgeSeconds,
        identity_provider: identityProvider,
      };
      for (const [key, value] of Object.entries(parameters))
        if (value !== undefined) url.searchParams.set(key, String(value));
      address.leaveFor(url.href);
    },

    take() {
      const url = new URL(address.get());
      const [code, state, iss, error, description] = names.map((each) => url.searchParams.get(each));
      if (state == null || (code ?? error) == null) return undefined;
      for (const each of names) url.searchParams.delete(each);
      // At once, so that neither a reload nor the history presents the code again.
      address.replace(url.href);
      const begun = read();
      // RFC 9700 §4.7, RFC 9207 §2.4: the answer to a request of this tab, from the server that it was sent to.
      if (begun?.state !== state || iss !== issuer)
        throw new SessionError('sign_in_lost', 'This tab did not begin the sign-in that led here.');
      tabStorage().removeItem(name);
      if (error != null) throw new SessionError(error, description ?? 'auth-service refused the sign-in.');
      return { code: code ?? '', verifier: begun.verifier, redirectUri: begun.redirectUri };
    },
  };

  function read(): Begun | undefined {
    try {
      return JSON.parse(tabStorage().getItem(name) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  }
}

/** The members of the answer (RFC 6749 §4.1.2, RFC 9207). */
const names = ['code', 'state', 'iss', 'error', 'error_description'] as const;

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** RFC 7636 §4.2. */
async function challengeOf(verifier: string): Promise<string> {
  // The types say that it always exists, but it does not in insecure contexts.
  const { subtle } = crypto as Partial<Crypto>;
  if (subtle === undefined)
    throw new SessionError('insecure_context', 'Serve the page over https, or from localhost.');
  return hashOf(verifier);
}

/** From the metadata (RFC 8414). */
function readAuthorizationEndpoint({
  call,
  issuer,
}: Pick<CodeFlowParts, 'call' | 'issuer'>): Promise<string> {
  return call('/.well-known/openid-configuration', { method: 'GET' }, async (response) => {
    const { issuer: claimed, authorization_endpoint: endpoint } = await readJson(response);
    // RFC 8414 §3.3: nobody else's metadata.
    if (claimed === issuer && typeof endpoint === 'string') return endpoint;
    throw new SessionError('unexpected_answer', 'auth-service did not answer with its metadata.', {
      status: response.status,
    });
  });
}
