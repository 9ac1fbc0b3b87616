import { createHash, createHmac } from 'node:crypto';

/** What makes a request the same as an earlier one. */
export type RequestIdentity = {
  subject: string;
  /** A digest of the client's key, which is itself not stored. */
  keyDigest: string;
  /** A keyed digest of the operation and its body. */
  fingerprint: string;
};

export type KeyedRequest = {
  subject: string;
  /** The key in the Idempotency-Key header, from idempotencyKeyOf. */
  key: string;
  /** Method and path: one key cannot be used for two operations. */
  operation: string;
  body: unknown;
};

/**
 * The identity of a request (draft-ietf-httpapi-idempotency-key-header §2). Ignores the order of the body's members.
 *
 * The fingerprint is an HMAC-SHA-256 with a secret that is not in the database: a plain hash of a body with a card
 * number could be searched in minutes, since the last four digits and the brand are known. The key's digest does not
 * use the secret. So after a change of the secret the key is still known, and its request is refused, not charged
 * again.
 *
 * @example identifyRequest(secret, { subject, key, operation: 'POST /payments', body })
 */
export function identifyRequest(
  secret: Uint8Array,
  { subject, key, operation, body }: KeyedRequest,
): RequestIdentity {
  const request = canonicalJson([subject, key, operation, body]);
  return {
    subject,
    keyDigest: createHash('sha256').update(key).digest('base64url'),
    fingerprint: createHmac('sha256', secret).update(request).digest('base64url'),
  };
}

/**
 * JSON with sorted member names, so that equal values give equal text. For plain JSON values alone.
 *
 * @example canonicalJson({ b: 1, a: [2] }) // '{"a":[2],"b":1}'
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
