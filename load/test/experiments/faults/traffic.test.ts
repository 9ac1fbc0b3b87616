import { byService } from '@latchkey/services';
import { describe, expect, it } from 'vitest';
import { Oracle } from '../../../src/experiments/faults/oracle.ts';
import { Traffic } from '../../../src/experiments/faults/traffic.ts';
import type { World } from '../../../src/scenarios/scenario.ts';
import type { Answer, Http, Request } from '../../../src/system/http.ts';
import type { Session } from '../../../src/system/people.ts';

const person = (name: string): Session => ({
  username: name,
  password: '',
  sessionId: name,
  accessToken: `token-of-${name}`,
  refreshToken: `refresh-of-${name}`,
  expiresAtMs: Number.POSITIVE_INFINITY,
});

/** Services that answer as they are told, and record the requests. */
function scene(
  options: {
    status?: (request: Request) => number | Promise<number>;
    signOut?: number;
    refresh?: () => Promise<Answer>;
  } = {},
) {
  const asked: { service: string; token: string | undefined }[] = [];
  const refused = async (): Promise<Answer> => ({ status: 400, body: {} });
  const service = (name: string): Http => ({
    status: async (request: Request) => {
      asked.push({ service: name, token: request.token });
      if (request.method === 'DELETE') return options.signOut ?? 204;
      return (await options.status?.(request)) ?? 200;
    },
    request: options.refresh ?? refused,
    text: async () => '',
    close: async () => {},
  });
  const world: World = { http: byService(service), people: [person('ann'), person('bob')] };
  const oracle = new Oracle({ boundMs: 0 });
  return { asked, oracle, traffic: new Traffic({ world, oracle, beganAtMs: performance.now() }) };
}

const turns = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('the traffic', () => {
  it('comes to every service with the tokens of people who are signed in', async () => {
    const { asked, traffic } = scene();
    await Promise.all(turns(60).map(traffic.send));
    expect(new Set(asked.map(({ service }) => service))).toEqual(new Set(['cart', 'wishlist', 'payment']));
    expect(new Set(asked.map(({ token }) => token))).toEqual(new Set(['token-of-ann', 'token-of-bob']));
    expect(traffic.shop.share()).toBe(1);
  });

  it('comes to every service with tokens of people who have signed out, too', async () => {
    const { asked, oracle, traffic } = scene({
      status: ({ path, token }) => (path === '/token' ? 400 : token === 'token-of-eve' ? 401 : 200),
    });
    await traffic.signOut(person('eve'));
    asked.length = 0;
    await Promise.all(turns(90).map(traffic.send));
    const doors = asked.filter(({ token }) => token === 'token-of-eve').map(({ service }) => service);
    expect(new Set(doors)).toEqual(new Set(['cart', 'wishlist', 'payment']));
    expect(oracle.counts).toMatchObject({ wronglyAccepted: 0, wronglyRefused: 0 });
  });

  it('reports a token that passes after its sign-out', async () => {
    const { oracle, traffic } = scene();
    await traffic.signOut(person('eve'));
    // The bound of this oracle is 0 ms.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await traffic.askRevoked('cart');
    expect(oracle.counts.wronglyAccepted).toBe(1);
    await traffic.askForAllRevoked();
    expect(oracle.counts.wronglyAccepted).toBe(4);
  });

  it('reports a refresh token that is good after its sign-out', async () => {
    const { oracle, traffic } = scene();
    await traffic.signOut(person('eve'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await traffic.send(0)).toBe('wrongly accepted');
    expect(oracle.counts.wronglyAccepted).toBe(1);
    expect(traffic.refreshes.share()).toBe(1);
  });

  it('does not count a failed sign-out as done', async () => {
    const { oracle, traffic } = scene({ status: () => 500, signOut: 500 });
    await traffic.signOut(person('eve'));
    await traffic.askRevoked('cart');
    expect(traffic.signOutsUnanswered).toBe(1);
    expect(oracle.counts.mustBeRefused).toBe(0);
  });

  it('waits until a service refuses a person who has signed out', async () => {
    let asked = 0;
    const status = () => {
      asked += 1;
      return asked < 3 ? 200 : 401;
    };
    const { oracle, traffic } = scene({ status });
    await traffic.signOut(person('eve'));
    await traffic.untilRefused('cart', new AbortController().signal);
    expect(oracle.hasRefused('cart', 'token-of-eve')).toBe(true);
    expect(asked).toBe(3);
  });

  it('counts an answer that is no verdict as not served', async () => {
    const { traffic } = scene({ status: () => Promise.reject(new Error('refused')) });
    expect(await traffic.send(1)).toBe('unavailable');
    expect(traffic.shop.share()).toBe(0);
  });
});

describe('refreshes', () => {
  it('count as lost sessions when they are refused, but not when they are unanswered', async () => {
    const lost = scene();
    expect(await lost.traffic.send(0)).toBe('session lost');
    expect(lost.traffic.sessionsLost).toBe(1);
    const away = scene({ refresh: () => Promise.reject(new Error('refused')) });
    expect(await away.traffic.send(0)).toBe('unavailable');
    expect(away.traffic.sessionsLost).toBe(0);
    expect(away.traffic.refreshes.share()).toBe(0);
  });

  it('do not overtake each other', async () => {
    let underWay = 0;
    let most = 0;
    const { traffic } = scene({
      async refresh() {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setTimeout(resolve, 10));
        underWay -= 1;
        return { status: 200, body: { access_token: 'a', refresh_token: 'r', expires_in: 300 } };
      },
    });
    await Promise.all(turns(10).map((turn) => traffic.send(turn * 10)));
    // There are only two people.
    expect(most).toBe(2);
  });
});
