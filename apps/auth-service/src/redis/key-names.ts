import { createHash } from 'node:crypto';

/**
 * Every Redis key that auth-service uses is named here.
 *
 * All keys of one person have the same hash tag, `{<shard>}`, so that Redis Cluster allows a script to use several of
 * them. A session's id begins with its shard, so a refresh finds its keys without knowing the person.
 */

export function shardOf(subject: string, shards: number): number {
  return createHash('sha256').update(subject).digest().readUInt32BE(0) % shards;
}

/** The shard of a session id; undefined when we cannot have made the id. */
export function shardOfSession(sessionId: string): number | undefined {
  const match = /^(\d{1,4})-[\w-]{22}$/.exec(sessionId);
  return match ? Number(match[1]) : undefined;
}

/** The shard that a key's hash tag names; undefined for keys that are not of a person. */
export function shardOfKey(key: string): number | undefined {
  const match = /^\{(\d{1,4})\}:/.exec(key);
  return match ? Number(match[1]) : undefined;
}

/** One session. There is one such key for every session, so it is short and contains the shard once. */
export function sessionKey(sessionId: string): string {
  const dash = sessionId.indexOf('-');
  return `{${sessionId.slice(0, dash)}}:s:${sessionId.slice(dash + 1)}`;
}

/** A sorted set of one person's session ids, scored by absolute expiry. */
export function sessionsOfSubjectKey(shard: number, subject: string): string {
  return `{${shard}}:u:${subject}`;
}

/** The stream of revocations of this shard. */
export function revocationsKey(shard: number): string {
  return `{${shard}}:revocations`;
}

/** The head of the stream of revocations: a hash, explained in publish-revocation.lua. */
export function revocationHeadKey(shard: number): string {
  return `{${shard}}:revocations:head`;
}

/**
 * The earliest `iat` of a person's access tokens, in seconds since 1970; exists while earlier ones may be unexpired.
 */
export function issuedFromKey(shard: number, subject: string): string {
  return `{${shard}}:n:${subject}`;
}

/** An authorization code, by the random part that follows its shard. */
export function codeKey(shard: number, random: string): string {
  return `{${shard}}:c:${random}`;
}

/** A login at our own pages. Its id is hashed, so that whoever reads Redis cannot use it as a cookie. */
export function loginKey(shard: number, idDigest: string): string {
  return `{${shard}}:l:${idDigest}`;
}

/** A sorted set of one person's logins, as their digests, scored by absolute expiry. */
export function loginsOfSubjectKey(shard: number, subject: string): string {
  return `{${shard}}:lu:${subject}`;
}

/** An authorization request whose pages are being shown. */
export function authorizationRequestKey(id: string): string {
  return `{${id}}:request`;
}

/** An authorization request that a client pushed (RFC 9126). */
export function pushedRequestKey(id: string): string {
  return `{${id}}:pushed`;
}

/** What we remember of a sign-in at another provider while the person is there. */
export function upstreamStateKey(state: string): string {
  return `{${state}}:upstream`;
}

/** The reply of one call of a script, for some seconds. `beside`: a key of that script. */
export function replyKey(beside: string, call: string): string {
  return `${beside.slice(0, beside.indexOf('}') + 1)}:reply:${call}`;
}

/**
 * Counts of failed attempts, by pseudonyms. One script uses the keys of a name and of a network, so all of them have
 * the same hash tag. One slot suffices: hashing the password costs a thousand times more than these commands.
 */
export function attemptsKey(limit: string, ...pseudonyms: readonly string[]): string {
  return `{attempts}:${limit}:${pseudonyms.join(':')}`;
}

/** Exists while a network is familiar for a user name. */
export function familiarNetworkKey(username: string, network: string): string {
  return `{attempts}:familiar:${username}:${network}`;
}

/** Exists while a refusal for a name and a network was reported recently. */
export function refusalReportedKey(username: string, network: string): string {
  return `{attempts}:reported:${username}:${network}`;
}

/** Exists once a client has used the assertion with this `jti`. The `jti` is hashed, because the client chooses it. */
export function assertionKey(shard: number, clientId: string, jti: string): string {
  const digest = createHash('sha256').update(jti).digest('base64url');
  return `{${shard}}:assertion:${clientId}:${digest}`;
}

/** Exists once a proof of possession was used. `id` is a hash of its key and its `jti`. */
export function proofKey(id: string): string {
  return `{${id}}:proof`;
}

/** Written and read by the check whether Redis can serve. The tag leads to one master of a cluster. */
export function probeKey(tag: number): string {
  return `{probe-${tag}}:writable`;
}
