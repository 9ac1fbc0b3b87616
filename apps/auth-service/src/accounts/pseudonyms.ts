import { createHmac } from 'node:crypto';

/** 128 bits are enough that no two names share one. */
const PSEUDONYM_BYTES = 16;

export type Pseudonyms = ReturnType<typeof createPseudonyms>;

/**
 * Stands for names and networks where they are only compared: in Redis, and in the audit log's lines about failed
 * sign-ins (people type passwords into the field for the name). Keyed, since a plain hash of a name or of an IPv4
 * address is undone by trying them all.
 *
 * @example
 * createPseudonyms(key).username('alice'); // 22 characters, base64url
 */
export function createPseudonyms(key: Buffer) {
  const pseudonym = (kind: string, value: string) =>
    createHmac('sha256', key)
      .update(`${kind}\0${value}`)
      .digest()
      .subarray(0, PSEUDONYM_BYTES)
      .toString('base64url');
  return {
    /** Of a normalised user name. */
    username: (name: string) => pseudonym('username', name),
    /** Of what networkOf returns. */
    network: (network: string) => pseudonym('network', network),
  };
}
