import { textOf } from '@latchkey/service-kit/text';
import type { FastifyInstance } from 'fastify';
import { TokenError } from './token-error.ts';

export const form = 'application/x-www-form-urlencoded';

/** RFC 8693 §2.1 lets a client name several targets. We make a token for one. */
const targets: ReadonlySet<string> = new Set(['audience', 'resource']);

/**
 * Makes a plugin's routes accept forms only, as OAuth's endpoints do. See readForm for what is refused.
 */
export function acceptForms(app: FastifyInstance, read: (body: Buffer) => object = readForm): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(form, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    read(body),
  );
}

/**
 * Reads application/x-www-form-urlencoded. A parameter without a value counts as omitted. A repeated parameter is
 * refused, with or without a value (RFC 6749 §3.1, §3.2).
 *
 * @throws TokenError `invalid_request`; `invalid_target` for more than one audience or resource (RFC 8693 §2.2.2)
 * @example readForm(Buffer.from('grant_type=refresh_token&scope=')); // { grant_type: 'refresh_token' }
 */
export function readForm(body: Buffer): Record<string, string> {
  return formOf(pairsOf(body));
}

/** As readForm, for the query of a URL. */
export function readQuery(text: string): Record<string, string> {
  return formOf(readPairs(text));
}

/** The parameters of an authorization request that came as a form: `resource` may be repeated (RFC 8707 §2). */
export type RequestForm = Readonly<Record<string, string | readonly string[]>>;

/** As readForm, for an authorization request. */
export function readRequestForm(body: Buffer): RequestForm {
  const pairs = pairsOf(body);
  const resource = pairs.filter(([name, value]) => name === 'resource' && value !== '');
  const form = formOf(pairs.filter(([name]) => name !== 'resource'));
  return resource.length === 0 ? form : { ...form, resource: resource.map(([, value]) => value) };
}

/** Writes such a form as text. */
export function textOfRequestForm(form: RequestForm): string {
  const pairs = Object.entries(form).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return new URLSearchParams(pairs).toString();
}

function pairsOf(body: Buffer): [name: string, value: string][] {
  return readPairs(readText(body));
}

/**
 * Returns a form as it was sent, like the query of a URL.
 *
 * @throws TokenError `invalid_request` when it is not UTF-8
 */
export function readText(body: Buffer): string {
  const text = textOf(body);
  if (text === undefined) throw malformed('The body is not valid UTF-8.');
  return text;
}

function formOf(pairs: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  const form: Record<string, string> = Object.create(null);
  const repeated = new Set<string>();
  const seen = new Set<string>();
  for (const [name, value] of pairs) {
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
    if (value !== '') form[name] = value;
  }
  if ([...repeated].some((name) => !targets.has(name))) throw malformed('A parameter is repeated.');
  if (repeated.size > 0) throw new TokenError('invalid_target', 'A token can have only one audience.');
  return form;
}

/** The query of a request's URL. It may contain further question marks (RFC 3986 §3.4). */
export function queryOf(url = ''): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start + 1);
}

/** A password is hashed and never stored, and one with a NUL character is merely wrong. */
const mayHaveNul: ReadonlySet<string> = new Set(['password']);

/**
 * The names and values of a form or a query, decoded, in order.
 *
 * @throws TokenError `invalid_request` for what is not percent-encoded UTF-8, or has a NUL character
 */
export function readPairs(text: string): [name: string, value: string][] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = decode(equals === -1 ? pair : pair.slice(0, equals));
      const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
      if (name.includes('\0') || (value.includes('\0') && !mayHaveNul.has(name)))
        throw malformed('A parameter has a NUL character.');
      return [name, value];
    });
}

/** Unlike URLSearchParams, which replaces invalid UTF-8 by U+FFFD and so changes the text. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed('A parameter is not percent-encoded UTF-8.');
  }
}

function malformed(description: string): TokenError {
  return new TokenError('invalid_request', description);
}
