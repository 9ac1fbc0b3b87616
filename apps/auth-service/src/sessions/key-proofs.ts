import { AuthError } from '@latchkey/auth-client';
import { type ProofReplays, readDpopProof } from '@latchkey/auth-client/proof';
import { headerValues, ProblemError } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Client } from '../clients/clients.ts';

/**
 * Checks the proofs of requests that have no access token (RFC 9449 §5). A client whose clock is wrong gets a nonce, and the
 * next one with each answer.
 *
 * Both functions reject with ProblemError 401 `invalid_dpop_proof` or `use_dpop_nonce`, and 503 when Redis does not answer.
 */
export type KeyProofs = {
  /**
   * The thumbprint of the key that a request proves to have; undefined for a request without a proof. Such a request is
   * refused for a client that gets bound tokens only; null: the request does not ask for tokens.
   */
  keyOf(
    request: FastifyRequest,
    reply: FastifyReply,
    client: Pick<Client, 'isBoundOnly'> | null,
  ): Promise<string | undefined>;
  /** The same for a second key, whose proof is in the body. It is a proof for the same request. */
  secondKeyOf(request: FastifyRequest, proof: string): Promise<string>;
};

export function createKeyProofs({
  urls,
  replays,
}: {
  /** auth-service's base URLs: the issuer, and those by which services call it. */
  readonly urls: readonly string[];
  readonly replays: ProofReplays;
}): KeyProofs {
  async function check(request: FastifyRequest, proof: string) {
    try {
      const url = urls.map((base) => `${base}${request.routeOptions.url ?? ''}`);
      const { thumbprint, ...read } = readDpopProof(proof, { method: request.method, url });
      return { thumbprint, nonce: await replays.accept({ thumbprint, ...read }) };
    } catch (error) {
      throw error instanceof AuthError ? refused(error) : error;
    }
  }

  return {
    async keyOf(request, reply, client) {
      const [proof, ...more] = headerValues(request.raw.rawHeaders, 'dpop');
      if (proof === undefined) {
        if (client?.isBoundOnly) throw proofMissing();
        return undefined;
      }
      // RFC 9449 §4.3 allows one.
      if (more.length > 0) throw refused(new AuthError('invalid_dpop_proof'));
      try {
        const { thumbprint, nonce } = await check(request, proof);
        if (nonce !== undefined) reply.header('dpop-nonce', nonce);
        return thumbprint;
      } catch (error) {
        // Whoever turns the error into one of another form would lose the nonce.
        if (error instanceof ProblemError) reply.headers(error.headers);
        throw error;
      }
    },
    secondKeyOf: async (request, proof) => (await check(request, proof)).thumbprint,
  };
}

/** A member of the bodies that start a session in a browser. */
export const replacedKeyProof = Type.Optional(
  Type.String({
    maxLength: 4096,
    description:
      'A second proof for this request (RFC 9449), by the key of the session that this browser has until now. Without ' +
      'it, a session that is bound to a key goes on beside the new one.',
  }),
);

/** The keys that a sign-in proves: the one of the new session, and that of the one that it replaces. */
export async function signInKeys(
  proofs: KeyProofs,
  request: FastifyRequest<{ Body: { replaced_key_proof?: string } }>,
  { reply, client }: { readonly reply: FastifyReply; readonly client: Pick<Client, 'isBoundOnly'> },
): Promise<{ readonly boundTo: string | undefined; readonly provenKeys: readonly string[] }> {
  const boundTo = await proofs.keyOf(request, reply, client);
  const { replaced_key_proof: proof } = request.body;
  const replaced = proof === undefined ? undefined : await proofs.secondKeyOf(request, proof);
  return { boundTo, provenKeys: [boundTo, replaced].filter((key) => key !== undefined) };
}

/** For a client that gets bound tokens only (RFC 9449 §5.2). */
export function proofMissing(): ProblemError {
  return new ProblemError({
    status: 401,
    code: 'invalid_dpop_proof',
    detail: 'This client gets only tokens that are bound to a key. Send a proof (RFC 9449).',
  });
}

function refused(cause: AuthError): ProblemError {
  const { headers } = cause;
  if (cause.code === 'proof_store_unavailable')
    return new ProblemError({ status: 503, code: cause.code, detail: `${cause.message}.`, headers, cause });
  const code = cause.code === 'use_dpop_nonce' ? 'use_dpop_nonce' : 'invalid_dpop_proof';
  const detail =
    code === 'use_dpop_nonce'
      ? 'The proof needs the nonce of the header DPoP-Nonce.'
      : 'The proof is not valid for this request, or was used before.';
  return new ProblemError({ status: 401, code, detail, headers, cause });
}
