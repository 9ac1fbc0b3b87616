/** A service's checks of a token, in the order in which it makes them. */
export const checks = [
  ...['token', 'form', 'signature', 'issuer', 'audience', 'claims', 'times', 'revoked'],
  ...['possession', 'person', 'scope', 'actor', 'recent_sign_in', 'freshness'],
] as const;
export type Check = (typeof checks)[number];

/** The services' names for the check that refused a token, with the check that each belongs to. */
const names: Readonly<Record<string, Check>> = {
  missing_token: 'token',
  ...stepOf('form', ['length', 'format', 'base64url', 'utf8', 'json', 'header', 'alg', 'typ', 'kid']),
  ...stepOf('signature', ['signature', 'unknown kid', 'key_set_unavailable']),
  ...stepOf('issuer', ['iss', 'issuer']),
  ...stepOf('audience', ['aud', 'audience']),
  ...stepOf('claims', ['sub', 'client_id', 'jti', 'sid', 'act', 'acr', 'auth_time']),
  ...stepOf('times', ['iat', 'exp', 'nbf', 'expired']),
  revoked: 'revoked',
  ...stepOf('possession', ['cnf', 'proof', 'invalid_dpop_proof']),
  user_required: 'person',
  ...stepOf('scope', ['scope', 'insufficient_scope']),
  ...stepOf('actor', ['actor', 'actor_not_allowed']),
  insufficient_user_authentication: 'recent_sign_in',
  revocations_stale: 'freshness',
};

function stepOf(check: Check, of: readonly string[]): Readonly<Record<string, Check>> {
  return Object.fromEntries(of.map((name) => [name, check]));
}

/** The check that refused, by its name in a service's span or problem document; null for any other name. */
export function checkNamed(name: string): Check | null {
  // `revoked: sign_out` also has the reason.
  const [word = name] = name.split(':', 1);
  return names[word] ?? null;
}

/** The specification of each check. */
export const standards: Readonly<Record<Check, { readonly name: string; readonly url: string }>> = {
  token: rfc(6750, '3'),
  form: rfc(7515, '7.1'),
  signature: rfc(7515, '5.2'),
  issuer: rfc(9068, '4'),
  audience: rfc(9068, '4'),
  claims: rfc(9068, '2.2'),
  times: rfc(7519, '4.1.4'),
  revoked: { name: 'CAEP 1.0', url: 'https://openid.net/specs/openid-caep-1_0-final.html' },
  possession: rfc(9449, '7.1'),
  person: rfc(9068, '2.2'),
  scope: rfc(6750, '3.1'),
  actor: rfc(8693, '4.1'),
  recent_sign_in: rfc(9470, '3'),
  freshness: rfc(8417, '2'),
};

function rfc(number: number, section: string): { readonly name: string; readonly url: string } {
  return {
    name: `RFC ${number} §${section}`,
    url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`,
  };
}

/** The tests that prove each check, as paths in the repository. */
export const proofs: Readonly<Record<Check, string>> = {
  token: 'packages/auth-client/test/token/presented-token.test.ts',
  form: 'packages/auth-client/test/plugin/refusals.test.ts',
  signature: 'packages/auth-client/test/plugin/refusals.test.ts',
  issuer: 'packages/auth-client/test/plugin/refusals.test.ts',
  audience: 'packages/auth-client/test/plugin/refusals.test.ts',
  claims: 'packages/auth-client/test/token/access-token.test.ts',
  times: 'packages/auth-client/test/token/access-token.test.ts',
  revoked: 'e2e/test/revocation.test.ts',
  possession: 'packages/auth-client/test/plugin/possession.test.ts',
  person: 'packages/auth-client/test/plugin/requirements.test.ts',
  scope: 'e2e/test/permission-matrix.test.ts',
  actor: 'e2e/test/permission-matrix.test.ts',
  recent_sign_in: 'apps/payment-service/test/payments/step-up.test.ts',
  freshness: 'packages/auth-client/test/revocation/stale-knowledge.test.ts',
};

/** Where it is specified and proven that a service may ask for a nonce. */
export const nonces = {
  standard: rfc(9449, '9'),
  proof: 'packages/auth-client/test/proof/proof-replays.test.ts',
};
