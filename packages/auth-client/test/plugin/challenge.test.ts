import { codePoint } from '@latchkey/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { challenge } from '../../src/plugin/challenge.ts';

const realm = 'cart-service';

describe('the WWW-Authenticate header', () => {
  it('carries no error code for a request without a token (RFC 6750 §3)', () => {
    expect(challenge('missing_token', { realm })).toBe(
      'Bearer realm="cart-service", DPoP algs="ES256 EdDSA RS256"',
    );
  });

  it('names the error of a bad token and gives nothing away', () => {
    expect(challenge('invalid_token', { realm, scopes: ['cart:read'] })).toBe(
      'Bearer realm="cart-service", error="invalid_token", error_description="The access token is not valid here", DPoP algs="ES256 EdDSA RS256"',
    );
  });

  it('names the scopes that the route needs', () => {
    expect(challenge('insufficient_scope', { realm, scopes: ['cart:read', 'cart:write'] })).toMatch(
      /, error="insufficient_scope", .*, scope="cart:read cart:write", DPoP algs="ES256 EdDSA RS256"$/,
    );
  });

  it('names the service’s metadata, where it has some (RFC 9728 §5.1)', () => {
    const resourceMetadata = 'https://cart.example/.well-known/oauth-protected-resource';
    expect(challenge('missing_token', { realm, resourceMetadata })).toBe(
      `Bearer realm="cart-service", resource_metadata="${resourceMetadata}", DPoP algs="ES256 EdDSA RS256"`,
    );
  });

  it('is not sent with a 503', () => {
    for (const code of ['key_set_unavailable', 'revocations_stale'] as const)
      expect(challenge(code, { realm })).toBeUndefined();
  });

  it('stays one header of well-formed parameters, whatever the names', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: codePoint }),
        fc.array(fc.string({ unit: codePoint })),
        (anyRealm, scopes) => {
          const header = challenge('insufficient_scope', { realm: anyRealm, scopes }) ?? '';
          const quotedString = String.raw`"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;
          expect(header).toMatch(
            new RegExp(
              `^Bearer [a-z_]+=${quotedString}(?:, [a-z_]+=${quotedString}){3}, DPoP algs=${quotedString}$`,
            ),
          );
          new Headers({ 'www-authenticate': header });
        },
      ),
    );
  });
});

describe('the scheme of a challenge', () => {
  it('is first the one that the request used, with what went wrong', () => {
    expect(challenge('invalid_dpop_proof', { realm, schemes: ['DPoP', 'Bearer'] })).toBe(
      'DPoP realm="cart-service", error="invalid_dpop_proof", ' +
        'error_description="The proof is not valid for this request", algs="ES256 EdDSA RS256", Bearer',
    );
  });

  it('is DPoP alone where bearer tokens are not accepted', () => {
    expect(challenge('missing_token', { realm, schemes: ['DPoP'] })).toBe(
      'DPoP realm="cart-service", algs="ES256 EdDSA RS256"',
    );
  });
});
