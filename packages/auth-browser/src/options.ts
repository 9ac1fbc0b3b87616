import { SessionError } from './errors.ts';

export type BrowserSessionOptions = {
  /** auth-service's URL, as tokens name it (`iss`): http(s). */
  issuer: string;
  /** A browser client of auth-service, e.g. `storefront`. */
  clientId: string;
  /** Origins that may get the token, besides the issuer's. */
  services: readonly string[];
  /**
   * Whether tokens are bound to a key that no script can read, so that a copied cookie or token is worth nothing (RFC
   * 9449). `required`, the default: without a key nobody is signed in. `where_possible`: where the browser can keep none,
   * the cookie alone is enough. `none`: it always is.
   */
  binding?: Binding;
  /**
   * Where the refresh token is. `cookie`, the default: in an HttpOnly cookie of auth-service, for a page of the same site.
   * `vault`: with the access token in IndexedDB, encrypted under a key that no script can read, for a page of another site
   * whose people sign in by `beginSignIn`.
   */
  storage?: Storage;
  /** Makes every request; default the global fetch. It is called with a string and an init. */
  fetch?: typeof globalThis.fetch;
};

export type Binding = 'required' | 'where_possible' | 'none';
export type Storage = 'cookie' | 'vault';

export type CheckedOptions = {
  /** Without a trailing slash. */
  readonly issuer: string;
  readonly clientId: string;
  /** The origins that may get the token. */
  readonly origins: ReadonlySet<string>;
  readonly binding: Binding;
  readonly storage: Storage;
  readonly fetch: typeof globalThis.fetch;
};

const storages: readonly Storage[] = ['cookie', 'vault'];
const bindings: readonly Binding[] = ['required', 'where_possible', 'none'];

/** @throws {SessionError} `invalid_options`, with all faults in one message */
export function checkOptions(options: BrowserSessionOptions): CheckedOptions {
  const { issuer, clientId, services, binding = 'required', storage = 'cookie' } = options;
  const faults: string[] = [];
  if (!isHttpUrl(issuer) || /[?#]/.test(issuer))
    faults.push('issuer must be an http(s) URL without query and fragment');
  if (clientId === '') faults.push('clientId must not be empty');
  if (!bindings.includes(binding)) faults.push(`binding must be one of ${bindings.join(', ')}`);
  if (!storages.includes(storage)) faults.push(`storage must be one of ${storages.join(', ')}`);
  for (const service of services) {
    if (!isHttpUrl(service) || new URL(service).origin !== service)
      faults.push(
        `services must be origins such as https://cart.example; ${JSON.stringify(service)} is none`,
      );
  }
  if (faults.length > 0) throw new SessionError('invalid_options', faults.join('; '));
  return {
    issuer: issuer.replace(/\/+$/, ''),
    clientId,
    origins: new Set([new URL(issuer).origin, ...services]),
    binding,
    storage,
    // Looked up at each call, and called as a method of the global object, as browsers require.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

function isHttpUrl(value: string): boolean {
  if (/[\s\\]/.test(value) || !URL.canParse(value)) return false;
  // Browsers refuse to fetch a URL with credentials in it.
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username + password === '';
}
