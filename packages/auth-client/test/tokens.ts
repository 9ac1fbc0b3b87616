import { Buffer } from 'node:buffer';
import { constants, sign } from 'node:crypto';
import type { TestIssuer } from '../src/testing/index.ts';

export type RefusalContext = {
  issuer: TestIssuer;
  /** The service's audience, for which the issuer also mints. */
  audience: string;
  /** The URL of a server that must never receive a request. */
  elsewhere: string;
};

export type RefusalRow = {
  name: string;
  token(context: RefusalContext): string;
};

export function encoded(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

export function decoded(segment: string): Buffer {
  return Buffer.from(segment, 'base64url');
}

export function segmentsOf(token: string): string[] {
  return token.split('.');
}

export function goodHeader({ issuer }: RefusalContext): Record<string, unknown> {
  return { alg: 'RS256', typ: 'at+jwt', kid: issuer.signingKey.kid };
}

export function goodClaims({ issuer }: RefusalContext): Record<string, unknown> {
  return JSON.parse(decoded(segmentsOf(issuer.mint())[1] ?? '').toString());
}

/** A token signed with another algorithm by the issuer's key. */
export function resigned(
  name: string,
  { alg, hash, pss = false }: { alg: string; hash: string; pss?: boolean },
): RefusalRow {
  return {
    name,
    token(context) {
      const input = `${encoded({ ...goodHeader(context), alg })}.${encoded(goodClaims(context))}`;
      const padding = pss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
      const key = {
        key: context.issuer.signingKey.privateKey,
        padding,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
      return `${input}.${sign(hash, Buffer.from(input), key).toString('base64url')}`;
    },
  };
}
