import { invalidToken } from '../errors.ts';
import type { Authentication } from './authentication.ts';
import { encryptedHeaderOf, utf8 } from './compact-segments.ts';
import { maxTokenLength, refusedParameters } from './compact-token.ts';
import { isKeyId } from './key-id.ts';
import { parseJsonObject, StrictJsonError } from './strict-json.ts';

/** The only algorithms (RFC 7518 §4.6, §5.3), and what is inside: a signed token (RFC 7519 §5.2). */
export const encryptionHeader = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' } as const;

/** Whether a token has the five segments of a JWE (RFC 7516 §7.1). A signed token has three. Checks nothing else. */
export function looksEncrypted(token: string): boolean {
  let dots = 0;
  for (let dot = token.indexOf('.'); dot !== -1 && dots < 5; dot = token.indexOf('.', dot + 1)) dots += 1;
  return dots === 4;
}

/**
 * Reads the header of an encrypted token as strictly as that of a signed one, and returns the `kid` of the key that it
 * is encrypted to.
 *
 * Does not decrypt anything.
 *
 * @throws AuthError invalid_token
 */
export function keyOfEncrypted(token: string): string {
  const header = parsed(encryptedHeaderOf(token, maxTokenLength));
  for (const name of refusedParameters) if (Object.hasOwn(header, name)) throw invalidToken('header');
  for (const [name, value] of Object.entries(encryptionHeader))
    if (header[name] !== value) throw invalidToken(name);
  if (!isKeyId(header.kid)) throw invalidToken('kid');
  return header.kid;
}

function parsed(header: string): Record<string, unknown> {
  try {
    return parseJsonObject(utf8(header));
  } catch (error) {
    if (error instanceof StrictJsonError) throw invalidToken('json', error);
    throw error;
  }
}

// Beside the authentication, not in it: handlers log what they get, and this is a token.
const signedTokens = new WeakMap<Authentication, string>();

/** Remembers the signed token that was inside an encrypted one. */
export function rememberSignedToken(authentication: Authentication, signed: string): void {
  signedTokens.set(authentication, signed);
}

/**
 * The signed token that was inside the encrypted one of this request; undefined when the request's token was not
 * encrypted. A service presents it where it would present the token that it got: only the service can open that one, so
 * at the issuer it exchanges (RFC 8693) or introspects (RFC 7662) what was inside. Treat it as the secret that it is.
 *
 * @example const token = signedTokenOf(request.caller) ?? bearerTokenOf(request)
 */
export function signedTokenOf(authentication: Authentication): string | undefined {
  return signedTokens.get(authentication);
}
