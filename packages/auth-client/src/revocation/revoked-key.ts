import type { RevocationList } from './revocation-list.ts';

/** A token that only a revocation of its key can concern. */
const tokenOfNobody = { tokenId: '', subject: '', clientId: '', issuedAt: Number.POSITIVE_INFINITY };

/** Why this key is revoked, or undefined if it is not. For tokens of which only the header has been read. */
export function reasonOfKey(list: Pick<RevocationList, 'find'>, kid: string): string | undefined {
  return list.find({ ...tokenOfNobody, keyId: kid });
}
