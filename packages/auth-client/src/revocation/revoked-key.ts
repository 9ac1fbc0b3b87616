import type { RevocationList } from './revocation-list.ts';

/** Concerned by no revocation but its key's. */
const tokenOfNobody = { tokenId: '', subject: '', clientId: '', issuedAt: Number.POSITIVE_INFINITY };

/** Why this key is revoked, or undefined if it is not: for tokens of which nothing but the header has been read. */
export function reasonOfKey(list: Pick<RevocationList, 'find'>, kid: string): string | undefined {
  return list.find({ ...tokenOfNobody, keyId: kid });
}
