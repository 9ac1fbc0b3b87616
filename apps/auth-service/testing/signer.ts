import { openAuthDatabase } from '../src/database/open-auth-database.ts';
import { parseKeyEncryptionKeys } from '../src/keys/encryption.ts';
import { createKeyRing } from '../src/keys/key-ring.ts';
import { createAccessTokenIssuer } from '../src/tokens/access-token.ts';
import type { TokenClaims } from '../src/tokens/claims.ts';

export type SignAccessToken = (claims: TokenClaims, issuedSecondsAgo?: number) => Promise<string>;

/**
 * Signs claims that auth-service itself would not sign, with the key of a running system. So if a service refuses the
 * token, the claims are the reason.
 *
 * @example
 * const sign = await openSigner({ issuer, databaseUrl, keyEncryptionKey });
 * const expired = await sign(claims, 3600);
 */
export async function openSigner(system: {
  readonly issuer: string;
  /** The URL of auth-service's database. */
  readonly databaseUrl: string;
  readonly keyEncryptionKey: string;
}): Promise<SignAccessToken> {
  const database = await openAuthDatabase({
    DATABASE_URL: system.databaseUrl,
    DATABASE_POOL_SIZE: 1,
    DATABASE_TIMEOUT_MS: 10_000,
  });
  const silent = () => {};
  const keyRing = createKeyRing({
    db: database.db,
    log: { info: silent, warn: silent, error: silent },
    audit: { record: silent },
    publish: async () => {},
    keyEncryptionKeys: parseKeyEncryptionKeys(system.keyEncryptionKey),
    clock: Date.now,
    jwksMaxAgeSeconds: 60,
    skewSeconds: 30,
    tokenSeconds: 300,
    rotationDays: 30,
  });
  await keyRing.reload();
  await database.close();
  const signer = keyRing.signer();
  return async (claims, issuedSecondsAgo = 0) => {
    const clock = () => Date.now() - issuedSecondsAgo * 1000;
    const issue = createAccessTokenIssuer({
      issuer: system.issuer,
      lifetimeSeconds: 300,
      signer: () => signer,
      clock,
    });
    return (await issue(claims)).token;
  };
}
