import { type TString, Type } from 'typebox';
import { faultOfEnds } from './setting-text.ts';

/**
 * The purpose of a URL, which decides what it may contain:
 *
 * - `issuer`: an identifier, compared as a string (RFC 8414 §2); paths are appended to it. Only its canonical form.
 * - `origin`: what browsers send as Origin (RFC 6454 §6.2). Only its canonical form.
 * - `base`: paths are appended to it.
 * - `endpoint`: it is requested unchanged.
 */
export type UrlUse = 'issuer' | 'origin' | 'base' | 'endpoint';

const oneForm =
  'it is not in the form in which URLs are compared: lower case, in ASCII (xn--…), no default port (:80, :443), ' +
  'no "." and "..", no digits left out of an address';

/**
 * What is wrong with an http(s) URL in a setting; undefined if nothing is. Never reveals the setting itself. Does not
 * check that the URL is reachable.
 *
 * @example faultOfUrl('http://localhost:4000/', 'issuer'); // 'it ends with a slash: leave that out'
 */
export function faultOfUrl(text: string, use: UrlUse): string | undefined {
  if (/[\s\p{Cc}\p{Cf}]/u.test(text)) return 'there is white space or an invisible character in it';
  if (text.includes('\\')) return 'there is a backslash in it';
  if (!/^https?:\/\//.test(text)) return 'it does not begin with http:// or https://, in lower case';
  const url = /^https?:\/\/[^/?#]/.test(text) ? URL.parse(text) : null;
  if (url === null) return 'it cannot be read as a URL: is there a host, and a port up to 65535 if any?';
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)$/.test(url.hostname)) return 'its host has an invalid character';
  if (/^[^/?#]*\/\/[^/?#]*@/.test(text)) return 'there is a user or a password in it';
  if (text.includes('#')) return 'there is a fragment (#) in it';
  if (use !== 'endpoint' && text.includes('?')) return 'there is a query (?) in it';
  if (!isDecodable(url.pathname)) return 'there is a % in it that encodes nothing';
  if (use === 'origin') {
    if (url.pathname !== '/' || text.endsWith('/'))
      return 'there is a path, or a slash at its end: leave that out';
    return url.origin === text ? undefined : oneForm;
  }
  if (url.pathname.includes('//')) return 'there is an empty part (//) in its path';
  if (use === 'base') return undefined;
  if (text.split('?', 1)[0]?.endsWith('/')) return 'it ends with a slash: leave that out';
  if (use === 'endpoint') return undefined;
  if (url.href.replace(/\/$/, '') !== text) return oneForm;
  // The path becomes one of our routes (RFC 8414 §3.1), in which other characters have a meaning.
  return /^[\w.~/-]+$/.test(url.pathname)
    ? undefined
    : 'there is something else in its path than letters, digits and . _ ~ -';
}

/** Whether each % in a text encodes something. */
export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const urlOf =
  (use: UrlUse) =>
  (description: string): TString =>
    Type.String({ description, fault: (text: string) => faultOfUrl(text, use) });

/** Schemas for settings that are http(s) URLs, for loadConfig. */
export const issuerUrl = urlOf('issuer');
export const originUrl = urlOf('origin');
export const baseUrl = urlOf('base');
export const endpointUrl = urlOf('endpoint');

/** `read`: the URL as the store's client reads it. */
export function faultOfStoreUrl(
  text: string,
  { scheme, read }: { scheme: RegExp; read: string },
): string | undefined {
  if (!scheme.test(text)) return 'it does not begin with the scheme that is expected';
  const fault = faultOfEnds(text);
  if (fault !== undefined) return fault;
  if (URL.canParse(read) && isDecodable(read) && !text.includes('#')) return undefined;
  return 'it cannot be read as a URL: is something in the password not percent-encoded?';
}
