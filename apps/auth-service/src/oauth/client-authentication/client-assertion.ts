import { createJwtVerifier, JwtError, type JwtVerifier } from '@latchkey/auth-client/jwt';
import { ProblemError } from '@latchkey/service-kit';
import type { FastifyBaseLogger } from 'fastify';
import type { UsedAssertions } from './used-assertions.ts';

/** RFC 7523 §3 asks for "a reasonably short" life; a minute is enough for one request. */
export const maxLifetimeSeconds = 60;
/** How far two machines' clocks may differ. */
export const clockSkewSeconds = 30;

const maxJtiCharacters = 128;
/** An unknown kid may be new: a service may rotate its key at any time, and sign with the new one soon after. */
const secondsBetweenFetches = 1;
const fetchTimeoutMs = 2000;

/** An invalid assertion. `reason` is for the log. */
export class AssertionError extends Error {
  readonly reason: string;

  constructor(reason: string, cause?: unknown) {
    super('The client assertion is not valid.', { cause });
    this.name = 'AssertionError';
    this.reason = reason;
  }
}

/** A client that signs, and the URL of its public keys. */
export type SigningClient = { readonly id: string; readonly jwksUri: string };

/** Resolves when the assertion is from that client, is addressed to us, and is used for the first time. */
export type VerifyAssertion = (client: SigningClient, assertion: string) => Promise<void>;

export type AssertionVerifierOptions = {
  /** Our issuer: the only `aud` that an assertion may have. */
  readonly issuer: string;
  readonly usedAssertions: UsedAssertions;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/**
 * Verifies client assertions (private_key_jwt: RFC 7523 §3) with the keys that each service publishes at its configured
 * URL. The algorithm is RS256, and `iss` and `sub` are the client. `aud` is our issuer only, so no other server can
 * replay an assertion to us. It is valid for at most 60 s, and its `jti` was never used at any replica.
 *
 * Rejects with AssertionError; with ProblemError 503 when the service's keys or Redis cannot be reached, or Redis has
 * lost its record of used assertions. A 503 says nothing about the client.
 *
 * @example
 * await verify({ id: 'payment-service', jwksUri, … }, assertion);
 */
export function createAssertionVerifier(options: AssertionVerifierOptions) {
  const { issuer, usedAssertions, log, clock } = options;
  const verifiers = new Map<string, JwtVerifier>();

  return {
    verify: (async (client, assertion) => {
      const { sub, jti, iat } = await verifierOf(client).verify(assertion).catch(refuse);
      if (sub !== client.id) throw new AssertionError('sub');
      if (jti.length > maxJtiCharacters) throw new AssertionError('jti');
      if (!(await usedAssertions.use(client.id, { jti, iat }))) throw new AssertionError('used');
    }) satisfies VerifyAssertion,

    close(): void {
      for (const verifier of verifiers.values()) verifier.close();
    },
  };

  function verifierOf({ id, jwksUri }: SigningClient): JwtVerifier {
    // An application may be registered anew with other keys.
    const key = `${id} ${jwksUri}`;
    const known = verifiers.get(key);
    if (known) return known;
    const verifier = createJwtVerifier({
      jwksUri,
      issuer: id,
      audience: issuer,
      typ: [null, 'jwt', 'client-authentication+jwt'],
      maxLifetimeSeconds: maxLifetimeSeconds,
      clockSkewSeconds: clockSkewSeconds,
      expiryLeewaySeconds: clockSkewSeconds,
      cooldownSeconds: secondsBetweenFetches,
      timeoutMs: fetchTimeoutMs,
      onFailed: (error) => log.warn({ err: error, client: id }, "a service's keys could not be fetched"),
      clock: { wallMs: clock, monotonicMs: () => performance.now() },
    });
    verifiers.set(key, verifier);
    return verifier;
  }
}

function refuse(error: unknown): never {
  if (!(error instanceof JwtError)) throw error;
  if (error.code === 'invalid_jwt') throw new AssertionError(error.reason, error);
  throw new ProblemError({
    status: 503,
    code: 'client_keys_unavailable',
    detail: 'The keys that this client publishes cannot be fetched at the moment. Try again.',
    headers: { 'retry-after': String(secondsBetweenFetches) },
    cause: error,
  });
}
