import { SessionError } from './errors.ts';

export interface BrowserSessionOptions {
  /** Where auth-service is, as tokens name it (`iss`): an http(s) URL. */
  issuer: string;
  /** A browser client of auth-service, e.g. `storefront`. */
  clientId: string;
  /** Origins that may be sent the token, besides the issuer's. */
  services: readonly string[];
  /** Makes every request; default the global one. It is called with a string and an init. */
  fetch?: typeof globalThis.fetch;
}

export interface CheckedOptions {
  /** Without a slash at its end. */
  readonly issuer: string;
  readonly clientId: string;
  /** All that may be sent the token. */
  readonly origins: ReadonlySet<string>;
  readonly fetch: typeof globalThis.fetch;
}

/** @throws {SessionError} `invalid_options`, with all faults in one message */
export function checkOptions(options: BrowserSessionOptions): CheckedOptions {
  const { issuer, clientId, services } = options;
  const faults: string[] = [];
  if (!isHttpUrl(issuer) || /[?#]/.test(issuer))
    faults.push('issuer must be an http(s) URL without query and fragment');
  if (clientId === '') faults.push('clientId must not be empty');
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
    // Looked up at each call, and called as a method of the global object: browsers refuse anything else.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

function isHttpUrl(value: string): boolean {
  if (/[\s\\]/.test(value) || !URL.canParse(value)) return false;
  // No browser sends a request to an address with a password in it.
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username + password === '';
}
