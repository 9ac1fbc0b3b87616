import type { Revocation } from '../feed/revocation.ts';
import type { RevocableToken } from './revocation-list.ts';

/**
 * Whether this revocation revokes this token. To check a token against all revocations, use RevocationList.find. Does
 * not check where the revocation comes from, nor whether the token is good otherwise.
 *
 * @example
 * concerns({ kind: 'key', id: 'a7f3', reason: 'key_revoked' }, request.caller) // true if that key signed the token
 */
export function concerns(revocation: Revocation, token: RevocableToken): boolean {
  switch (revocation.kind) {
    case 'session':
      return token.sessionId === revocation.id;
    case 'token':
      return token.tokenId === revocation.id;
    case 'key':
      return token.keyId === revocation.id;
    case 'subject':
      return token.subject === revocation.id && token.issuedAt < revocation.before;
    case 'client':
      return token.clientId === revocation.id && token.issuedAt < revocation.before;
    case 'all':
      return token.issuedAt < revocation.before;
  }
}
