import type { Service } from '@latchkey/service-kit';
import { type AuthApp, signIn, startAuthApp, testPassword } from '../support/auth-app.ts';
import { ask, type Database, openDatabase, type Person } from '../support/operator.ts';

/** The new password. */
export const next = 'another long passphrase';

export type PasswordFixture = AuthApp & {
  database: Database;
  /** PUT /account/password, from PASSWORD to NEXT unless the body says otherwise. */
  change(person: Person, body?: Record<string, unknown>, app?: Service): ReturnType<typeof ask>;
  signsInWith(person: Person, password: string): Promise<boolean>;
  sessionIdsOf(person: Person): Promise<string[]>;
};

export async function startWithPasswords(): Promise<PasswordFixture> {
  const auth = await startAuthApp();
  const database = openDatabase(auth);
  return {
    ...auth,
    database,
    change(person, body = {}, app = auth.app) {
      const payload = { current_password: testPassword, new_password: next, ...body };
      return ask({ app }, person, { method: 'PUT', url: '/account/password', payload });
    },
    signsInWith: (person, password) =>
      signIn(auth.app, person.username, { password }).then(Boolean, () => false),
    async sessionIdsOf(person) {
      const list = await ask(auth, person, { method: 'GET', url: '/sessions' });
      return list.json().sessions.map(({ id }: { id: string }) => id);
    },
    async stop() {
      await database.close();
      await auth.stop();
    },
  };
}
