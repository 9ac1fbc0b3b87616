import { createHash } from 'node:crypto';

/**
 * Every Redis key that auth-service uses is named here.
 *
 * All keys of one person carry one hash tag, `{<shard>}`, so that a script that touches several of them is legal in
 * Redis Cluster. A session's id begins with its shard: a refresh finds its keys without knowing the person.
 */

export function shardOf(subject: string, shards: number): number {
  return createHash('sha256').update(subject).digest().readUInt32BE(0) % shards;
}

/** The shard that a session id names, or undefined when the id was not made by us. */
export function shardOfSession(sessionId: string): number | undefined {
  const match = /^(\d{1,4})-[\w-]{22}$/.exec(sessionId);
  return match ? Number(match[1]) : undefined;
}

/** One session. There are as many of these keys as people signed in: they are short, and name the shard once. */
export function sessionKey(sessionId: string): string {
  const dash = sessionId.indexOf('-');
  return `{${sessionId.slice(0, dash)}}:s:${sessionId.slice(dash + 1)}`;
}

/** A sorted set of one person's session ids, scored by absolute expiry. */
export function sessionsOfSubjectKey(shard: number, subject: string): string {
  return `{${shard}}:u:${subject}`;
}

/** The stream of what was revoked in this shard. */
export function revocationsKey(shard: number): string {
  return `{${shard}}:revocations`;
}

/** What is known of the stream of revocations as a whole: a hash, explained in publish-revocation.lua. */
export function revocationHeadKey(shard: number): string {
  return `{${shard}}:revocations:head`;
}

/** The earliest `iat` of a person's access tokens, in seconds since 1970; there while earlier ones may yet be valid. */
export function issuedFromKey(shard: number, subject: string): string {
  return `{${shard}}:n:${subject}`;
}

/**
 * Counts of failed attempts, by pseudonyms. They compare names with networks, so one script touches several people's
 * and several networks' keys: all carry one tag. A sign-in costs a thousand times what this one slot does for it.
 */
export function attemptsKey(limit: string, ...pseudonyms: readonly string[]): string {
  return `{attempts}:${limit}:${pseudonyms.join(':')}`;
}

/** There while a person is known to sign in from a network. */
export function familiarNetworkKey(username: string, network: string): string {
  return `{attempts}:familiar:${username}:${network}`;
}

/** There while a refusal for a name and a network has been reported lately. */
export function refusalReportedKey(username: string, network: string): string {
  return `{attempts}:reported:${username}:${network}`;
}

/** There once a client has shown the assertion with this `jti`; hashed, because the client chooses the text. */
export function assertionKey(shard: number, clientId: string, jti: string): string {
  const digest = createHash('sha256').update(jti).digest('base64url');
  return `{${shard}}:assertion:${clientId}:${digest}`;
}

/** Written and read by whoever asks whether Redis can serve. */
export function probeKey(): string {
  return '{probe}:writable';
}
