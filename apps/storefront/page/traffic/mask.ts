const credentials = /^(bearer|dpop)\s+(.+)$/i;
const secretMembers: Readonly<Record<string, string>> = {
  password: '$PASSWORD',
  new_password: '$PASSWORD',
  current_password: '$PASSWORD',
  code: '$CODE',
  code_verifier: '$CODE_VERIFIER',
  access_token: '$TOKEN',
  refresh_token: '$REFRESH_TOKEN',
  replaced_key_proof: '$PROOF',
  number: '$CARD_NUMBER',
  cvc: '$CVC',
};
/** Longer bodies are not worth showing. */
const longestBody = 4096;

/** The token and the proof in a request's headers, and the headers without them: `Bearer $TOKEN`, `DPoP $TOKEN`. */
export function maskHeaders(headers: Headers): {
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string | null;
  readonly proof: string | null;
} {
  const [, scheme, token = null] = credentials.exec(headers.get('authorization') ?? '') ?? [];
  const proof = headers.get('dpop');
  const masked = Object.fromEntries(headers);
  if (headers.has('authorization'))
    masked['authorization'] = token === null ? '$CREDENTIALS' : `${scheme} $TOKEN`;
  if (proof !== null) masked['dpop'] = '$PROOF';
  return { headers: masked, token, proof };
}

/** The text of a request's JSON body without passwords, tokens and card numbers; null for anything else. */
export function maskBody(body: unknown): string | null {
  if (typeof body !== 'string' || body.length > longestBody) return null;
  try {
    return JSON.stringify(JSON.parse(body), (name, value: unknown) => secretMembers[name] ?? value);
  } catch {
    return null;
  }
}
