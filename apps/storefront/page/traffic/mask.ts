const bearer = /^bearer\s+(.+)$/i;
const secretMembers: Readonly<Record<string, string>> = {
  password: '$PASSWORD',
  new_password: '$PASSWORD',
  current_password: '$PASSWORD',
  code: '$CODE',
  code_verifier: '$CODE_VERIFIER',
  access_token: '$TOKEN',
  refresh_token: '$REFRESH_TOKEN',
  number: '$CARD_NUMBER',
  cvc: '$CVC',
};
/** Longer bodies are not worth showing. */
const longestBody = 4096;

/** The bearer token in a request's headers, and the headers without it: `Bearer $TOKEN`. */
export function maskHeaders(headers: Headers): {
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string | null;
} {
  const token = bearer.exec(headers.get('authorization') ?? '')?.[1] ?? null;
  const masked = Object.fromEntries(headers);
  if (headers.has('authorization'))
    masked['authorization'] = token === null ? '$CREDENTIALS' : 'Bearer $TOKEN';
  return { headers: masked, token };
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
