import { randomBytes, randomUUID } from 'node:crypto';
import type { Http } from './http.ts';

const clientId = 'latchkey-cli';
/** Below what one person may have at a time. */
const mostSessions = 50;
/** A token is replaced when it has less than this left to live, so that it outlives any scenario. */
const marginMs = 200_000;

/** Somebody who is signed in on one device. */
export type Session = {
  readonly username: string;
  readonly password: string;
  readonly sessionId: string;
  accessToken: string;
  refreshToken: string;
  /** By performance.now(). */
  expiresAtMs: number;
};

/**
 * Signs people in, each on one device, before anything is measured. Each password costs what a password costs; so people
 * are made two at a time, as many as auth-service hashes at once, and are kept for all scenarios.
 */
export async function signInPeople(auth: Http, count: number): Promise<Session[]> {
  return inParallel(count, async () => {
    const account = newAccount();
    await expectStatus(201, () => auth.request({ method: 'POST', path: '/accounts', json: account }));
    return signIn(auth, account);
  });
}

/** Signs a few people in on many devices each: sessions that are to be signed out. */
export async function startSessions(auth: Http, count: number): Promise<Session[]> {
  const people = Math.ceil(count / mostSessions);
  const sessions = await inParallel(people, async (person) => {
    const account = newAccount();
    await expectStatus(201, () => auth.request({ method: 'POST', path: '/accounts', json: account }));
    const devices = Math.min(mostSessions, count - person * mostSessions);
    const own: Session[] = [];
    while (own.length < devices) own.push(await signIn(auth, account));
    return own;
  });
  return sessions.flat();
}

/** One more session of an account. */
export async function signIn(auth: Http, account: { username: string; password: string }): Promise<Session> {
  const { username, password } = account;
  const json = { client_id: clientId, device_name: 'load test', username, password };
  const { body } = await expectStatus(201, () => auth.request({ method: 'POST', path: '/sessions', json }));
  const session = { username, password, sessionId: String(body['session_id']) } as Session;
  return keep(session, body);
}

/** Takes the next generation of a session's tokens. Returns the status of the answer. */
export async function refresh(auth: Http, session: Session): Promise<number> {
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: session.refreshToken };
  const { status, body } = await auth.request({ method: 'POST', path: '/token', form });
  if (status === 200) keep(session, body);
  return status;
}

/** Sees to it that everybody's access token outlives the next scenario. */
export async function freshen(auth: Http, sessions: readonly Session[]): Promise<void> {
  const old = sessions.filter(({ expiresAtMs }) => expiresAtMs - performance.now() < marginMs);
  const waiting = old.values();
  const work = async (): Promise<void> => {
    for (const session of waiting)
      if ((await refresh(auth, session)) !== 200) throw new Error('A session could not be refreshed.');
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

function newAccount() {
  return { username: `load-${randomUUID()}`, password: randomBytes(18).toString('base64url') };
}

function keep(session: Session, body: Readonly<Record<string, unknown>>): Session {
  session.accessToken = String(body['access_token']);
  session.refreshToken = String(body['refresh_token']);
  session.expiresAtMs = performance.now() + Number(body['expires_in']) * 1000;
  return session;
}

async function inParallel<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  const indices = Array.from({ length: count }, (_, index) => index).values();
  const work = async (): Promise<void> => {
    for (const index of indices) made.push(await make(index));
  };
  await Promise.all([work(), work()]);
  return made;
}

async function expectStatus<A extends { status: number; body: object }>(
  status: number,
  ask: () => Promise<A>,
): Promise<A> {
  const answer = await ask();
  if (answer.status === status) return answer;
  throw new Error(`Preparing people was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}
