/** RFC 8252 §7.3: the operating system chooses the port of a native app's redirect URI. */
const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]']);

/** They lead to a script or to a local file, or mean nothing outside one page. */
const refusedSchemes: ReadonlySet<string> = new Set([
  'javascript:',
  'data:',
  'file:',
  'blob:',
  'about:',
  'vbscript:',
]);

/**
 * Whether a redirect URI of a request is one that the client registered. Compares the exact strings (RFC 9700 §2.1).
 * Only the port of a loopback address is free (RFC 8252 §7.3).
 *
 * Does not check that the registered URIs are acceptable: faultOfRedirectUri does.
 *
 * @example
 * isRegistered('http://127.0.0.1:49152/callback', ['http://127.0.0.1/callback']); // true
 */
export function isRegistered(uri: string, registered: readonly string[]): boolean {
  if (registered.includes(uri)) return true;
  const portless = withoutLoopbackPort(uri);
  return portless !== undefined && registered.some((known) => withoutLoopbackPort(known) === portless);
}

/**
 * Returns what is wrong with a redirect URI that is to be registered; undefined when nothing is. Accepts https, http for
 * loopback addresses, and schemes that a native app owns, which contain a dot (RFC 8252 §7.1).
 *
 * @example
 * faultOfRedirectUri('https://app.example/#done'); // 'it has a fragment'
 */
export function faultOfRedirectUri(uri: string): string | undefined {
  if (!URL.canParse(uri)) return 'it is not an absolute URI';
  if (/[^\x21-\x7e]/.test(uri)) return 'it has a character that must be encoded';
  const { protocol, username, password, hostname, pathname } = new URL(uri);
  if (uri.includes('#')) return 'it has a fragment';
  if (uri.includes('*')) return 'it has a wildcard';
  if (username !== '' || password !== '') return 'it contains a user name or a password';
  if (refusedSchemes.has(protocol)) return `the scheme ${protocol} is not allowed`;
  if (protocol === 'http:' && !isLoopback(hostname)) return 'http is for loopback addresses only';
  if (protocol !== 'http:' && protocol !== 'https:' && !protocol.includes('.'))
    return 'a private-use scheme must contain a dot';
  if (
    /(^|\/)(\.|%2e){1,2}(\/|$)/i.test(pathname) ||
    (isWeb(protocol) && !uri.startsWith(new URL(uri).origin))
  )
    return 'it is not written as a URL parser writes it';
  return undefined;
}

/** Without the port, when the URI is one of a loopback address; undefined when it is not, or is written oddly. */
function withoutLoopbackPort(uri: string): string | undefined {
  const match = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(\/[^#\\]*)$/.exec(uri);
  const [, host = '', port = '80', rest = ''] = match ?? [];
  return loopbackHosts.has(host) && Number(port) > 0 && Number(port) <= 65_535
    ? `http://${host}${rest}`
    : undefined;
}

function isLoopback(hostname: string): boolean {
  return loopbackHosts.has(hostname) || hostname === 'localhost';
}

function isWeb(protocol: string): boolean {
  return protocol === 'http:' || protocol === 'https:';
}
