import { createHmac } from 'node:crypto';

/** 128 bits are enough to avoid collisions. */
const pseudonymBytes = 16;

export type Pseudonyms = ReturnType<typeof createPseudonyms>;

/**
 * Makes pseudonyms for names and networks where they are only compared: in Redis, and in the audit log's entries about
 * failed sign-ins, because people type passwords into the name field. The hash is keyed, because a plain hash of a name
 * or an IPv4 address can be reversed by trying all of them.
 *
 * @example
 * createPseudonyms(key).username('alice'); // 22 characters, base64url
 */
export function createPseudonyms(key: Buffer) {
  const pseudonym = (kind: string, value: string) =>
    createHmac('sha256', key)
      .update(`${kind}\0${value}`)
      .digest()
      .subarray(0, pseudonymBytes)
      .toString('base64url');
  return {
    /** The name must be normalised. */
    username: (name: string) => pseudonym('username', name),
    /** Takes the result of networkOf. */
    network: (network: string) => pseudonym('network', network),
  };
}
