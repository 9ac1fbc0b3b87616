import { randomUUID } from 'node:crypto';
import type { Service } from '@latchkey/dev-stack';
import { proxyPrograms } from '@latchkey/dev-stack/testing';
import { ask, send, signIn, signingIn } from '@latchkey/person';
import { type ServiceKey, serviceKeys, verifierKeys } from '@latchkey/services';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBooks } from './books.ts';
import { type Account, live, type Outcome } from './rolling/people.ts';
import { type Replicated, startReplicatedSystem } from './rolling/replicated-system.ts';
import { beginSlowly, type SlowRequest, untilClosed } from './rolling/slow-request.ts';
import { createTally } from './rolling/tally.ts';
import { paths } from './verdicts.ts';

const accountOf = (name: string): Account => ({
  username: `rolling-${name}`,
  password: 'walnut-harbour-lantern-39',
  roles: ['customer'],
});
/** So many answers come before the next replica of a service is stopped, however slow the machine is. */
const answersBetween = 50;
const price = { amount: 450, currency: 'EUR' };

/** Skipped where there is no nginx: apt-get install nginx-light. */
describe.skipIf(proxyPrograms.nginx === undefined)(
  'every replica of every service is replaced under load',
  () => {
    let system: Replicated;
    const tally = createTally();
    let outcomes: Outcome[];
    /** Of the requests that were in progress at a replica when it was told to stop. */
    const slowAnswers: [ServiceKey, number | undefined][] = [];
    const stopped: Service[] = [];
    let tokens: { slow: string; payer: string };

    beforeAll(async () => {
      system = await startReplicatedSystem();
      const { stack, front, nginx } = system;
      const accounts = ['front', 'mover-front', 'nginx', 'mover-nginx', 'slow', 'slow-payer'].map(accountOf);
      await stack.createAccounts(accounts);
      tokens = {
        slow: (await signIn(front.auth, accountOf('slow'))).access_token,
        payer: (await signIn(front.auth, accountOf('slow-payer'))).access_token,
      };
      const end = new AbortController();
      const common = { tally, origin: 'http://localhost:3000', signal: end.signal };
      const living = [
        live({
          ...common,
          account: accountOf('front'),
          mover: accountOf('mover-front'),
          urls: front,
          via: 'the front',
        }),
        live({
          ...common,
          account: accountOf('nginx'),
          mover: accountOf('mover-nginx'),
          urls: nginx,
          via: 'nginx',
        }),
      ];
      try {
        const startedAt = performance.now();
        await Promise.all(serviceKeys.map((key) => system.roll(key, (old) => retire(key, old))));
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        console.log(
          `rolling restart: ${tally.answered} answers in ${seconds} s, ${tally.failures.length} failed`,
        );
      } finally {
        end.abort();
        outcomes = await Promise.all(living);
      }
    });

    afterAll(() => system?.stop());

    /** A request that the replica is reading when it is told to stop gets the rest after it accepts no more. */
    async function retire(key: ServiceKey, old: Service): Promise<void> {
      const { answered } = tally;
      await eventually('people use the new replica as well', () =>
        expect(tally.answered).toBeGreaterThan(answered + answersBetween),
      );
      const finish = await beginSlowly(old.url, await slowRequest(key));
      const stopping = old.stop();
      await untilClosed(old.url);
      slowAnswers.push([key, (await finish()).status]);
      await stopping;
      stopped.push(old);
    }

    async function slowRequest(key: ServiceKey): Promise<SlowRequest> {
      // A cart that is being paid for must not change.
      const token = key === 'payment' ? tokens.payer : tokens.slow;
      if (key === 'auth') return { path: '/sessions', json: signingIn(accountOf('slow')).json as object };
      if (key === 'wishlist') return { path: '/wishlist/items', token, json: { sku: randomUUID() } };
      const add = { path: '/cart/items', token, json: { sku: 'slowly', quantity: 1, unit_price: price } };
      if (key === 'cart') return add;
      await ask(system.front.cart, { method: 'DELETE', path: '/cart', token });
      await ask(system.front.cart, { ...add, method: 'POST' });
      const card = { number: '4242424242424242', exp_month: 12, exp_year: 2090 };
      return {
        path: '/payments',
        token,
        json: { amount: price, card },
        headers: { 'idempotency-key': randomUUID() },
      };
    }

    test('no request fails, through the front or through nginx', () => {
      expect(tally.failures).toEqual([]);
      expect(tally.answered).toBeGreaterThan(2 * answersBetween);
    });

    test('what a replica was reading when it was told to stop is completed, also a POST without a key', () => {
      expect(
        slowAnswers.toSorted(([one], [other]) => serviceKeys.indexOf(one) - serviceKeys.indexOf(other)),
      ).toEqual(serviceKeys.flatMap((key) => [0, 1].map(() => [key, expect.toBeOneOf([200, 201])])));
    });

    test('every replica ends by itself, in time', () => {
      expect(stopped).toHaveLength(8);
      for (const { logs } of stopped) expect(logs()).toMatch(/"msg":"stopped"/);
    });

    test('every payment is charged exactly once', async () => {
      const books = await openBooks(system.stack);
      try {
        for (const { paid } of outcomes) {
          expect(paid.amounts).not.toEqual([]);
          expect(await books.charges(paid.subject)).toEqual(paid.amounts);
        }
      } finally {
        await books.close();
      }
    });

    test('every replica knows every sign-out of that time', async () => {
      const ended = outcomes.flatMap(({ signedOut }) => signedOut);
      expect(ended).not.toEqual([]);
      for (const key of verifierKeys)
        for (const replica of system.running[key])
          for (const token of ended)
            expect((await send(replica.url, { path: paths[key], token })).status).toBe(401);
    });
  },
);
