import { refreshing, signingIn, type Tokens } from '@latchkey/person';
import { type Account, makeAccounts, type Place } from './accounts.ts';
import type { Http } from './http.ts';

/** The device name of each session. */
export const deviceName = 'load test';
/** An access token with less than this left is replaced, so that it outlives any scenario. */
const marginMs = 200_000;

/** A person who is signed in on one device. */
export type Session = {
  readonly username: string;
  readonly password: string;
  readonly sessionId: string;
  accessToken: string;
  refreshToken: string;
  /** On the clock of performance.now(). */
  expiresAtMs: number;
};

/** Signs people in, each on one device, before anything is measured. All scenarios use these sessions. */
export async function signInPeople(place: Place, count: number): Promise<Session[]> {
  const accounts = await makeAccounts(count, place);
  return signInAll(place.auth, accounts);
}

/**
 * Signs people in on more devices, one person after the other and round again. These sessions are made to be signed
 * out. A person may have 100 at a time.
 */
export function startSessions(auth: Http, people: readonly Account[], count: number): Promise<Session[]> {
  return signInAll(
    auth,
    Array.from({ length: count }, (_, index) => people[index % people.length] as Account),
  );
}

/** Signs an account in once more. */
export async function signIn(auth: Http, account: Account): Promise<Session> {
  const { username, password } = account;
  const { status, body } = await auth.request(signingIn({ username, password, deviceName }));
  if (status !== 201) throw new Error(`POST /sessions was answered ${status}: ${JSON.stringify(body)}`);
  const tokens = body as Tokens;
  return keep({ username, password, sessionId: tokens.session_id } as Session, tokens);
}

/** Gets the next tokens of a session. Returns the status of the answer. */
export async function refresh(auth: Http, session: Session): Promise<number> {
  const { status, body } = await auth.request(refreshing(session.refreshToken));
  if (status === 200) keep(session, body as Tokens);
  return status;
}

/** Refreshes the access tokens that would not outlive the next scenario. */
export async function freshen(auth: Http, sessions: readonly Session[]): Promise<void> {
  const old = sessions.filter(({ expiresAtMs }) => expiresAtMs - performance.now() < marginMs);
  const waiting = old.values();
  const work = async (): Promise<void> => {
    for (const session of waiting)
      if ((await refresh(auth, session)) !== 200) throw new Error('A session could not be refreshed.');
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

function keep(session: Session, tokens: Tokens): Session {
  session.accessToken = tokens.access_token;
  session.refreshToken = tokens.refresh_token;
  session.expiresAtMs = performance.now() + tokens.expires_in * 1000;
  return session;
}

/** Two at a time, as many as auth-service hashes at once, so that no sign-in waits for another one. */
async function signInAll(auth: Http, accounts: readonly Account[]): Promise<Session[]> {
  const sessions: Session[] = [];
  const waiting = accounts.values();
  const work = async (): Promise<void> => {
    for (const account of waiting) sessions.push(await signIn(auth, account));
  };
  await Promise.all([work(), work()]);
  return sessions;
}
