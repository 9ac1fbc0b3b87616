import { randomBytes, randomUUID } from 'node:crypto';
import type { Http } from './http.ts';
import type { SystemUnderLoad } from './system.ts';

export type Account = { readonly username: string; readonly password: string };

export type Place = { readonly system: Pick<SystemUnderLoad, 'stack'>; readonly auth: Http };

/**
 * Makes customers. In a system of our own, auth-service's command makes any number of them. Another system lets them
 * register, and allows each network 100 an hour.
 *
 * @throws Error when one is refused
 */
export async function makeAccounts(count: number, { system, auth }: Place): Promise<Account[]> {
  const accounts = Array.from({ length: count }, () => ({
    username: `load-${randomUUID()}`,
    password: randomBytes(18).toString('base64url'),
  }));
  if (system.stack) {
    await system.stack.createAccounts(accounts.map((account) => ({ ...account, roles: ['customer'] })));
    return accounts;
  }
  for (const json of accounts) {
    const { status, body } = await auth.request({ method: 'POST', path: '/accounts', json });
    if (status !== 201) throw new Error(`POST /accounts was answered ${status}: ${JSON.stringify(body)}`);
  }
  return accounts;
}
