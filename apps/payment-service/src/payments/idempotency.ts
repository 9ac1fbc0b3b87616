import { createHash, createHmac } from 'node:crypto';

/** What makes a request the same as an earlier one. */
export interface RequestIdentity {
  subject: string;
  /** Stands for the client's key, which is itself not kept. */
  keyDigest: string;
  /** Stands for the operation and its body. */
  fingerprint: string;
}

export interface KeyedRequest {
  subject: string;
  /** What the Idempotency-Key header stands for, by idempotencyKeyOf. */
  key: string;
  /** Method and path: one key cannot serve two operations. */
  operation: string;
  body: unknown;
}

/**
 * The identity of a request (draft-ietf-httpapi-idempotency-key-header §2). Members may come in any order; everything
 * else counts.
 *
 * The body goes through HMAC-SHA-256 with a secret that is not in the database: a plain hash of a body that holds a
 * card number could be searched in minutes, since its last four digits and its brand are known. The key's digest does
 * without the secret, so that a key is recognized after the secret was changed: its request is then refused, as
 * another one, and not charged again.
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
