import type { Login, LoginStore } from './login-store.ts';

/** The first of these logins that has not ended, and that is `isMeant`. */
export async function findLogin(
  logins: Pick<LoginStore, 'use'>,
  ids: readonly string[],
  isMeant: (login: Login) => boolean = () => true,
): Promise<Login | undefined> {
  for (const id of ids) {
    const login = await logins.use(id);
    if (login !== undefined && isMeant(login)) return login;
  }
  return undefined;
}
