import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * A refresh token is a generation counter with a MAC: `rt1.<kid>.<session>.<generation>.<mac>`.
 *
 * The session and the number alone determine each generation's token. So nothing secret is stored, a forged token is
 * refused without asking Redis, a repeated request gets the same successor, and a session takes the same few bytes
 * after ten thousand rotations as after one.
 */

export type MacKey = { readonly kid: string; readonly secret: Buffer };

/** The first key signs; all of them verify. */
export type MacKeys = readonly [MacKey, ...MacKey[]];

export type RefreshToken = { readonly sessionId: string; readonly generation: number; readonly kid: string };

const version = 'rt1';
const shape = /^rt1\.([\w-]{1,16})\.(\d{1,4}-[\w-]{22})\.([1-9]\d{0,14})\.([\w-]{43})$/;
const minSecretBytes = 32;

/**
 * Writes the token of one generation of a session. The same arguments always give the same string.
 *
 * @example
 * writeRefreshToken({ sessionId, generation: 1, clientId: 'storefront', key: keys[0] });
 */
export function writeRefreshToken(token: {
  sessionId: string;
  generation: number;
  clientId: string;
  key: MacKey;
}): string {
  const { sessionId, generation, clientId, key } = token;
  const mac = macOf({ sessionId, generation, clientId }, key).toString('base64url');
  return `${version}.${key.kid}.${sessionId}.${generation}.${mac}`;
}

/**
 * Reads a token that `clientId` presented. Returns undefined when we did not issue it to that client.
 *
 * Does not check whether the session is alive or the generation is current: the store decides that.
 */
export function readRefreshToken(text: string, clientId: string, keys: MacKeys): RefreshToken | undefined {
  const match = shape.exec(text);
  if (!match) return undefined;
  const [, kid, sessionId, digits, mac] = match as unknown as [string, string, string, string, string];
  const key = keys.find((candidate) => candidate.kid === kid);
  if (!key) return undefined;
  const generation = Number(digits);
  const given = Buffer.from(mac, 'base64url');
  const expected = macOf({ sessionId, generation, clientId }, key);
  // The text is compared too, because 43 base64url characters can spell one MAC in four ways.
  if (!timingSafeEqual(given, expected) || expected.toString('base64url') !== mac) return undefined;
  return { sessionId, generation, kid };
}

/**
 * Reads the setting REFRESH_TOKEN_KEYS: `kid:base64url,kid:base64url`. Throws an error that names the fault and never
 * contains a secret.
 *
 * To change the key without signing anybody out: append the new key and roll out, put it first and roll out, then
 * remove the old key once the longest session has ended.
 */
export function parseMacKeys(setting: string): MacKeys {
  const keys = setting.split(',').map((entry, index) => {
    const [kid, encoded, ...rest] = entry.trim().split(':');
    if (!kid || !encoded || rest.length > 0 || !/^[\w-]{1,16}$/.test(kid)) {
      throw new Error(`entry ${index + 1} is not of the form kid:base64url`);
    }
    const secret = Buffer.from(encoded, 'base64url');
    if (secret.length < minSecretBytes) {
      throw new Error(`the key ${kid} has ${secret.length} bytes; it needs ${minSecretBytes}`);
    }
    return { kid, secret };
  });
  if (new Set(keys.map((key) => key.kid)).size !== keys.length) throw new Error('two keys have the same kid');
  return keys as unknown as MacKeys;
}

function macOf(token: { sessionId: string; generation: number; clientId: string }, key: MacKey): Buffer {
  return createHmac('sha256', key.secret)
    .update(`${version}|${token.sessionId}|${token.generation}|${token.clientId}`)
    .digest();
}
