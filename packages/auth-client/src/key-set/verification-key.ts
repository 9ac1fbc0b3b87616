import { createPublicKey } from 'node:crypto';
import fastifyJwt from '@fastify/jwt';
import Fastify from 'fastify';
import type { RsaJwk } from './json-web-key.ts';

/** A public key of the issuer, ready to verify. */
export interface VerificationKey {
  readonly kid: string;
  readonly modulus: string;
  readonly exponent: string;
  readonly modulusBytes: number;
  /** Verifies signature, alg, typ, iss, aud and times; returns the payload. Throws on anything that is not right. */
  readonly verify: (token: string) => Record<string, unknown>;
  /** The same for security events, by their own policy. Throws where the key set was made without one. */
  readonly verifyEvent: (token: string) => Record<string, unknown>;
  /** False as soon as a newer key set lacks the key. */
  current: boolean;
}

/** What @fastify/jwt itself checks, beside the signature. The strict checks of header and claims are made besides. */
export interface SignaturePolicy {
  /** Undefined: the issuer is checked elsewhere. */
  issuer?: string | undefined;
  audience: string;
  clockSkewSeconds: number;
  /** The one `typ` that is expected, in lower case; undefined where there may be others, or none. */
  typ?: string | undefined;
  requiredClaims: readonly string[];
  /** For what has no times to be checked: `exp` and `nbf` are then not looked at, and not wanted. */
  withoutTimes?: boolean;
}

/** What the keys of a set are for. */
export interface KeyPolicies {
  policy: SignaturePolicy;
  /** Left out: no security events are verified with these keys. */
  eventPolicy?: SignaturePolicy | undefined;
}

/**
 * Readies a key: one @fastify/jwt per key and policy, in verify mode, on a Fastify instance of its own that never listens.
 *
 * Not on the service's instance, for three reasons: a service may use @fastify/jwt for itself, before or after this
 * plugin; keys come and go while the service runs, when nothing can be registered any more; and with a fixed key
 * @fastify/jwt decodes a token once instead of twice. fast-jwt's cache stays off: see verified-tokens.ts.
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
