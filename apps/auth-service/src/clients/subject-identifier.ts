import { createHmac } from 'node:crypto';
import type { Client } from './clients.ts';

/**
 * The `sub` by which a client knows an account, in ID tokens, at the UserInfo endpoint and in logout tokens. With
 * pairwise subjects, applications of different sectors cannot find out that they know the same person (OpenID Connect
 * Core §8.1).
 *
 * An access token always names the account itself, since our services need that. It is meant for them alone, and
 * readable all the same.
 */
export function subjectFor(client: Client | undefined, accountId: string): string {
  if (client?.kind !== 'application' || client.pairwise === null) return accountId;
  const { salt } = client.pairwise;
  return createHmac('sha256', Buffer.from(salt, 'base64url')).update(accountId).digest('base64url');
}

/**
 * The sector of an application: the one host of its redirect URIs (OpenID Connect Core §8.1). Programs on a person's
 * device share loopback addresses, so each is a sector of its own. Undefined when there is no one host.
 */
export function sectorOf(redirectUris: readonly string[], clientId: string): string | undefined {
  const hosts = new Set(
    redirectUris.map((uri) => (uri.startsWith('https:') ? new URL(uri).hostname : clientId)),
  );
  return hosts.size === 1 ? [...hosts][0] : undefined;
}
