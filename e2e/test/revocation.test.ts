import { randomUUID } from 'node:crypto';
import type { Stack } from '@latchkey/dev-stack';
import {
  ask,
  type Request,
  refreshing,
  send,
  signIn as signInAt,
  signingOut,
  type Tokens,
} from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { describe, expect } from 'vitest';
import { it, signIn } from './system.ts';
import { acceptedEverywhere, expectRefusedForGood, reasonAtCart, verdictsOn } from './verdicts.ts';

const password = 'walnut-harbour-lantern-39';

let stack: Stack;
let operator: string;

it.beforeAll(async ({ sharedStack }) => {
  stack = sharedStack;
  operator = (await signIn(stack, 'admin')).access_token;
});

/** Sends a request to auth-service. Rejects when it refuses. */
const askAuth = (request: Request) => ask(stack.services.auth.url, request);

type Person = { id: string; username: string; signIn(clientId?: string): Promise<Tokens> };

/** A new person, so that the revocation affects no other test. */
async function newPerson(): Promise<Person> {
  const username = `person-${randomUUID().slice(0, 13)}`;
  const json = { username, password };
  const { id } = await askAuth({ method: 'POST', path: '/accounts', json });
  return {
    id: String(id),
    username,
    signIn: (clientId) => signInAt(stack.services.auth.url, { clientId, username, password }),
  };
}

const verdicts = ({ access_token: token }: Tokens) => verdictsOn(stack, token);

describe('a token dies at every service, without any of them asking', () => {
  it('when its session signs out, and only its own', async () => {
    const person = await newPerson();
    const [here, elsewhere] = [await person.signIn(), await person.signIn()];
    expect(await verdicts(here)).toEqual(acceptedEverywhere);
    await askAuth(signingOut(here.access_token));
    await expectRefusedForGood(stack, here.access_token);
    expect(await reasonAtCart(stack, here.access_token)).toBe('sign_out');
    expect(await verdicts(elsewhere)).toEqual(acceptedEverywhere);
  });

  it('when another device ends it, or all others, or all', async () => {
    const person = await newPerson();
    const [one, two, three, four] = [
      await person.signIn(),
      await person.signIn(),
      await person.signIn(),
      await person.signIn(),
    ];
    await askAuth({ method: 'DELETE', path: `/sessions/${one.session_id}`, token: two.access_token });
    await expectRefusedForGood(stack, one.access_token);
    await askAuth({ method: 'DELETE', path: '/sessions?except=current', token: two.access_token });
    await expectRefusedForGood(stack, three.access_token);
    await expectRefusedForGood(stack, four.access_token);
    expect(await verdicts(two)).toEqual(acceptedEverywhere);
    await askAuth({ method: 'DELETE', path: '/sessions', token: two.access_token });
    await expectRefusedForGood(stack, two.access_token);
  });

  it('when another device displaces it under the one-device policy, and it learns why', async () => {
    const person = await newPerson();
    const old = await person.signIn('latchkey-mobile');
    const elsewhere = await person.signIn();
    const current = await person.signIn('latchkey-mobile');
    await expectRefusedForGood(stack, old.access_token);
    expect(await reasonAtCart(stack, old.access_token)).toBe('displaced');
    const mobile = { clientId: 'latchkey-mobile' };
    const refused = await send(stack.services.auth.url, refreshing(old.refresh_token, mobile));
    expect(refused.body).toMatchObject({ error: 'invalid_grant', reason: 'displaced' });
    expect(await verdicts(current)).toEqual(acceptedEverywhere);
    expect(await verdicts(elsewhere)).toEqual(acceptedEverywhere);
  });

  it('when its account is disabled', async () => {
    const person = await newPerson();
    const tokens = await person.signIn();
    const status = (status: string) =>
      askAuth({
        method: 'PUT',
        path: `/accounts/${person.id}/status`,
        token: operator,
        json: { status },
      });
    await status('disabled');
    await expectRefusedForGood(stack, tokens.access_token);
    await expect(person.signIn()).rejects.toThrow('invalid_credentials');
    await status('active');
    expect(await verdicts(await person.signIn())).toEqual(acceptedEverywhere);
  });

  it('when the password is changed elsewhere', async () => {
    const person = await newPerson();
    const [stolen, own] = [await person.signIn(), await person.signIn()];
    await askAuth({
      method: 'PUT',
      path: '/account/password',
      token: own.access_token,
      json: { current_password: password, new_password: `${password}-and-more` },
    });
    await expectRefusedForGood(stack, stolen.access_token);
    expect(await verdicts(own)).toEqual(acceptedEverywhere);
  });

  it('when roles change: the next refresh brings the new scopes, which pass at once', async () => {
    const person = await newPerson();
    const before = await person.signIn();
    await askAuth({
      method: 'PUT',
      path: `/accounts/${person.id}/roles`,
      token: operator,
      json: { roles: ['support'] },
    });
    const after = (await askAuth(refreshing(before.refresh_token))) as Tokens;
    expect(after.scope).toContain('payment:refund');
    expect(await verdicts(after)).toEqual(acceptedEverywhere);
    await expectRefusedForGood(stack, before.access_token);
    expect(await verdicts(after)).toEqual(acceptedEverywhere);
  });

  it('when its client is revoked', async () => {
    const person = await newPerson();
    const [mobile, cli] = [await person.signIn('latchkey-mobile'), await person.signIn()];
    const status = (status: string) =>
      askAuth({
        method: 'PUT',
        path: '/clients/latchkey-mobile/status',
        token: operator,
        json: { status },
      });
    await status('revoked');
    await expectRefusedForGood(stack, mobile.access_token);
    expect(await verdicts(cli)).toEqual(acceptedEverywhere);
    await status('active');
    expect(await verdicts(await person.signIn('latchkey-mobile'))).toEqual(acceptedEverywhere);
  });
});

describe('a signing key', () => {
  const kidOf = ({ access_token: token }: Tokens): string =>
    JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

  it('that is rotated fails no request; one that is revoked revokes its own tokens, and no others', async () => {
    const person = await newPerson();
    const first = await person.signIn();
    const refused: number[] = [];
    let running = true;
    const traffic = (async () => {
      for (; running; await new Promise((resolve) => setTimeout(resolve, 5)))
        refused.push(...Object.values(await verdicts(first)).filter((status) => status !== 200));
    })();
    await eventually('auth-service answers again', async () =>
      expect(
        await askAuth({ method: 'POST', path: '/keys/rotation', token: operator }).catch(() => undefined),
      ).toBeDefined(),
    );
    const second = await person.signIn();
    expect(kidOf(second)).not.toBe(kidOf(first));
    expect(await verdicts(second)).toEqual(acceptedEverywhere);
    running = false;
    await traffic;
    expect(refused).toEqual([]);

    // The operator needs a new token, because the revoked key may have signed theirs.
    operator = (await signIn(stack, 'admin')).access_token;
    await askAuth({ method: 'DELETE', path: `/keys/${kidOf(first)}`, token: operator });
    expect(await verdicts(second)).toEqual(acceptedEverywhere);
    await expectRefusedForGood(stack, first.access_token);
    expect(await verdicts(second)).toEqual(acceptedEverywhere);
  });

  it('that signs now can be revoked: the next one takes over, and its tokens pass at once', async () => {
    const person = await newPerson();
    const before = await person.signIn();
    await askAuth({ method: 'DELETE', path: `/keys/${kidOf(before)}`, token: operator });
    const after = await person.signIn();
    expect(kidOf(after)).not.toBe(kidOf(before));
    await eventually('the token of the new key is accepted everywhere', async () =>
      expect(await verdicts(after)).toEqual(acceptedEverywhere),
    );
    await expectRefusedForGood(stack, before.access_token);
    operator = (await signIn(stack, 'admin')).access_token;
  });
});
