import { createKey, type Key, messageOf, refreshing, type Tokens } from '@latchkey/person';
import type { RequestHeaders } from '../../generator/closed-loop.ts';
import type { Http } from '../../system/http.ts';
import type { Session } from '../../system/people.ts';

/** A person's access token that is bound to a key of theirs (RFC 9449). */
export type BoundVisitor = { readonly token: string; readonly key: Key };

/** Gets an access token for each person that is bound to a key of their own. Their sessions stay as they are. */
export async function bindPeople(auth: Http, people: readonly Session[]): Promise<BoundVisitor[]> {
  const visitors: BoundVisitor[] = [];
  for (const person of people) {
    const key = createKey();
    const { status, body } = await auth.request(refreshing(person.refreshToken, { key }));
    const tokens = body as Tokens;
    if (status !== 200 || tokens.token_type !== 'DPoP')
      throw new Error(`No token was bound to a key: ${status} ${JSON.stringify(body)}`);
    person.refreshToken = tokens.refresh_token;
    visitors.push({ token: tokens.access_token, key });
  }
  return visitors;
}

/**
 * Makes the headers of requests to a service, each good for one. It signs `count` proofs beforehand, so that signing does
 * not slow down the generator while it measures, and more only when these are used up.
 *
 * @throws Error when the service does not accept them
 */
export async function proofsFor(
  visitors: readonly BoundVisitor[],
  { origin, path, count }: { origin: string; path: string; count: number },
): Promise<() => RequestHeaders> {
  const [first] = visitors;
  if (first === undefined) throw new Error('Nobody has a bound token.');
  // A service that needs a nonce answers with one, which is good for everybody, for a minute at least.
  const asked = await fetch(origin + path, messageOf({ path, ...first }, origin));
  await asked.body?.cancel();
  if (!asked.ok && !asked.headers.has('dpop-nonce'))
    throw new Error(`GET ${path} was answered ${asked.status}, and no nonce came with it.`);
  for (const { key } of visitors) key.learn(origin + path, asked);

  let signed = 0;
  const sign = (): RequestHeaders => {
    const visitor = visitors[signed % visitors.length] ?? first;
    signed += 1;
    return messageOf({ path, ...visitor }, origin).headers;
  };
  const ready = Array.from({ length: count }, sign);
  return () => ready.pop() ?? sign();
}
