import type { PageRequest } from '../../traffic/traffic.ts';

/** What a browser adds by itself says nothing here. */
const shownHeaders = ['authorization', 'content-type', 'idempotency-key'];
const byCookie = /\/sessions\/refresh$/;

/**
 * A command that sends the request again. It holds no secret: the token and whatever else was masked are variables of
 * the shell, to be set first.
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
    // auth-service takes the cookie from the pages that it knows, and only from them. No script can read its name.
    parts.push(`-H ${quoted(`origin: ${pageOrigin}`)}`, '--cookie "$REFRESH_COOKIE"');
  }
  if (body !== null) parts.push(`-d ${quoted(body)}`);
  return parts.join(' \\\n  ');
}

/** For a shell, in double quotes so that variables are put in; nothing else in it is taken for anything. */
function quoted(text: string): string {
  const escaped = text
    .replace(/[\\"`]/g, '\\$&')
    .replace(/\$(?!(?:TOKEN|PASSWORD|REFRESH_TOKEN|CARD_NUMBER|CVC|CREDENTIALS)\b)/g, '\\$$');
  return `"${escaped}"`;
}
