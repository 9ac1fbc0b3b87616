import { createPublicKey } from 'node:crypto';
import fastifyJwt from '@fastify/jwt';
import Fastify from 'fastify';
import type { RsaJwk } from './json-web-key.ts';

/** A public key of the issuer with its verifiers. */
export type VerificationKey = {
  readonly kid: string;
  readonly modulus: string;
  readonly exponent: string;
  readonly modulusBytes: number;
  /** Verifies signature, alg, typ, iss, aud and times; returns the payload. Throws if any of them is wrong. */
  readonly verify: (token: string) => Record<string, unknown>;
  /** The same for security events, by their own policy. Throws if the key set has no such policy. */
  readonly verifyEvent: (token: string) => Record<string, unknown>;
  /** False once a newer key set lacks the key. */
  current: boolean;
};

/** What @fastify/jwt checks besides the signature. Our own strict checks of header and claims come in addition. */
export type SignaturePolicy = {
  /** Undefined: the issuer is checked elsewhere. */
  issuer?: string | undefined;
  audience: string;
  clockSkewSeconds: number;
  /** The only expected `typ`, in lower case; undefined if there may be several, or none. */
  typ?: string | undefined;
  requiredClaims: readonly string[];
  /** For tokens without times: `exp` and `nbf` are not checked. */
  withoutTimes?: boolean;
};

/** What the keys of a set are for. */
export type KeyPolicies = {
  policy: SignaturePolicy;
  /** Without it, these keys verify no security events. */
  eventPolicy?: SignaturePolicy | undefined;
};

/**
 * Prepares a key: one @fastify/jwt per key and policy, in verify mode, on its own Fastify instance that never listens.
 *
 * It is not on the service's instance for three reasons: the service may use @fastify/jwt for itself; keys change while
 * the service runs, when plugins can no longer be registered; and with a fixed key @fastify/jwt decodes a token once
 * instead of twice. fast-jwt's cache stays off: see verified-tokens.ts.
 */
export async function createVerificationKey(
  jwk: RsaJwk,
  { policy, eventPolicy }: KeyPolicies,
): Promise<VerificationKey> {
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: jwk.n, e: jwk.e }, format: 'jwk' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  return {
    kid: jwk.kid,
    modulus: jwk.n,
    exponent: jwk.e,
    modulusBytes: jwk.modulusBytes,
    verify: await verifierBy(pem, policy),
    verifyEvent: eventPolicy ? await verifierBy(pem, eventPolicy) : noEvents,
    current: true,
  };
}

async function verifierBy(
  publicKey: string | Buffer,
  policy: SignaturePolicy,
): Promise<VerificationKey['verify']> {
  const host = Fastify({ logger: false });
  await host.register(fastifyJwt, {
    secret: { public: publicKey },
    verify: {
      algorithms: ['RS256'],
      cache: false,
      ...(policy.typ !== undefined && { checkTyp: policy.typ }),
      requiredClaims: [...policy.requiredClaims],
      ...(policy.issuer !== undefined && { allowedIss: policy.issuer }),
      allowedAud: policy.audience,
      clockTolerance: policy.clockSkewSeconds * 1000,
      ...(policy.withoutTimes && { ignoreExpiration: true, ignoreNotBefore: true }),
    },
  });
  return (token) => host.jwt.verify<Record<string, unknown>>(token);
}

function noEvents(): never {
  throw new Error('These keys verify no security events');
}
