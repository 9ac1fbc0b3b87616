import type { PageRequest } from '../../traffic/traffic.ts';

/** The headers that the command repeats. A browser adds the others by itself. */
const shownHeaders = ['authorization', 'dpop', 'content-type', 'idempotency-key'];
const byCookie = /\/sessions\/refresh$/;

/**
 * A curl command that sends the request again. It contains no secret: the token and the other masked values are shell
 * variables, which must be set first.
 *
 * @example curlOf(request); // curl -i "http://localhost:4001/cart" \ …
 */
export function curlOf({ method, url, headers, body }: PageRequest, pageOrigin: string): string {
  const parts = [`curl -i${method === 'GET' ? '' : ` -X ${method}`} ${quoted(url)}`];
  for (const name of shownHeaders) {
    const value = headers[name];
    if (value !== undefined) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  if (byCookie.test(url)) {
    // auth-service accepts the cookie only from the pages that it knows. No script can read the cookie's name.
    parts.push(`-H ${quoted(`origin: ${pageOrigin}`)}`, '--cookie "$REFRESH_COOKIE"');
  }
  if (body !== null) parts.push(`-d ${quoted(body)}`);
  return parts.join(' \\\n  ');
}

/** Quotes a text for a shell with double quotes: variables are expanded, everything else is literal. */
function quoted(text: string): string {
  const escaped = text
    .replace(/[\\"`]/g, '\\$&')
    .replace(/\$(?!(?:TOKEN|PROOF|PASSWORD|REFRESH_TOKEN|CARD_NUMBER|CVC|CREDENTIALS)\b)/g, '\\$$');
  return `"${escaped}"`;
}
