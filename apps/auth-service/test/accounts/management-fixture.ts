import { expect } from 'vitest';
import { type AuthApp, from, startAuthApp, testPassword } from '../support/auth-app.ts';
import { ask, createOperator, type Database, openDatabase, type Person } from '../support/operator.ts';

type Answer = ReturnType<typeof ask>;

export type ManagementFixture = AuthApp & {
  database: Database;
  operator: Person;
  /** Sends requests as the operator, or as another person. */
  get(url: string, by?: Person): Answer;
  put(url: string, payload: unknown, by?: Person): Answer;
  setStatus(person: Person, status: 'active' | 'disabled', by?: Person): Answer;
  trySignIn(person: Person, password?: string): Answer;
  sessionIdsOf(person: Person): Promise<string[]>;
};

/** auth-service with an operator, who is signed in. */
export async function startManagement(): Promise<ManagementFixture> {
  const auth = await startAuthApp();
  const database = openDatabase(auth);
  const operator = await createOperator(auth, database);
  const get = (url: string, by = operator) => ask(auth, by, { method: 'GET', url });
  const put = (url: string, payload: unknown, by = operator) =>
    ask(auth, by, { method: 'PUT', url, payload });
  return {
    ...auth,
    database,
    operator,
    get,
    put,
    setStatus: (person, status, by) => put(`/accounts/${person.id}/status`, { status }, by),
    trySignIn: (person, password = testPassword) =>
      auth.app.inject({
        method: 'POST',
        url: '/sessions',
        payload: { client_id: 'latchkey-cli', username: person.username, password },
        headers: from(person.username),
      }),
    async sessionIdsOf(person) {
      const answer = await get(`/accounts/${person.id}/sessions`);
      expect(answer.statusCode).toBe(200);
      return answer.json().sessions.map(({ id }: { id: string }) => id);
    },
    async stop() {
      await database.close();
      await auth.stop();
    },
  };
}
