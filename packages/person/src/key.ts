import { type ClientProofs, createClientProofs } from '@latchkey/auth-client/proof';

/** A client's key, to which its tokens are bound, and the nonces that servers gave it (RFC 9449). */
export type Key = ClientProofs;

/**
 * Makes a key that never leaves this process.
 *
 * @param names the URLs by which services know themselves, by the addresses at which we reach them, where these differ
 * @example
 * const key = createKey();
 * const { access_token: token } = await signIn('http://localhost:4000', { username: 'mina', password, key });
 * await send('http://localhost:4001', { path: '/cart', token, key });
 */
export function createKey(names: Readonly<Record<string, string>> = {}): Key {
  const proofs = createClientProofs({ wallMs: Date.now });
  const known = (url: string): string => {
    const found = Object.entries(names).find(([reached]) => url.startsWith(`${reached}/`));
    return found === undefined ? url : found[1] + url.slice(found[0].length);
  };
  return {
    thumbprint: proofs.thumbprint,
    headersFor: (request) => proofs.headersFor({ ...request, url: known(request.url) }),
    learn: (url, answer) => proofs.learn(known(url), answer),
  };
}
