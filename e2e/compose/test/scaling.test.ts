import type { Tokens } from '@latchkey/person';
import { beforeAll, describe, expect, it } from 'vitest';
import { seconds } from '../docker.ts';
import {
  compose,
  container,
  containers,
  eventually,
  exec,
  get,
  refresh,
  services,
  signIn,
  urls,
  useEverything,
} from '../system.ts';
import { expectNoneLost, startTraffic } from '../traffic.ts';

const files = ['--file', 'docker-compose.yml', '--file', 'e2e/compose/quick-keys.yml'];
const scale = services.flatMap((service) => ['--scale', `${service}=3`]);

beforeAll(async () => {
  const taken = await seconds(() => compose(...files, 'up', '--wait', ...scale));
  console.log(`docker compose up --wait with three replicas of each service: ${taken.toFixed(1)} s`);
});

/** How often each replica of a service has answered a route, according to its own metrics. */
async function answersOfReplicas(service: string, route: string): Promise<number[]> {
  const script =
    "fetch('http://127.0.0.1:' + process.env.PORT + '/metrics').then(async (r) => console.log(await r.text()))";
  return Promise.all(
    (await containers(service)).map(async (replica) => {
      const metrics = await exec(replica, 'node', '--eval', script);
      const counts = [...metrics.matchAll(/^http_request_duration_seconds_count\{(.*)\} (\d+)$/gm)];
      return counts
        .filter(([, labels]) => labels?.includes(`route="${route}"`))
        .reduce((sum, [, , count]) => sum + Number(count), 0);
    }),
  );
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

describe('with three replicas of every service', () => {
  it('all of them run, and are healthy', async () => {
    for (const service of services) {
      const replicas = await containers(service);
      expect(replicas.map(({ State }) => State.Health?.Status)).toEqual(['healthy', 'healthy', 'healthy']);
    }
    await useEverything();
  });

  it.each([
    ['cart-service', '/cart', `${urls.cart}/cart`],
    ['wishlist-service', '/wishlist', `${urls.wishlist}/wishlist`],
    ['payment-service', '/payments', `${urls.payment}/payments`],
  ])('requests are spread over those of %s', async (service, route, url) => {
    const { access_token: token } = await signIn();
    const before = await answersOfReplicas(service, route);
    for (let sent = 0; sent < 15; sent++) expect((await get(url, token)).status).toBe(200);
    const after = await answersOfReplicas(service, route);
    for (const [index, count] of after.entries())
      expect(count - (before[index] ?? 0)).toBeGreaterThanOrEqual(3);
  });

  it('a session is refreshed on all of them in turn, and every token is good', async () => {
    let tokens: Tokens = await signIn();
    for (let turn = 0; turn < 15; turn++) {
      const answer = await refresh(tokens.refresh_token);
      expect(answer.status).toBe(200);
      tokens = answer.body as Tokens;
      expect((await get(`${urls.cart}/cart`, tokens.access_token)).status).toBe(200);
    }
    for (const count of await answersOfReplicas('auth-service', '/token'))
      expect(count).toBeGreaterThanOrEqual(3);
  });

  it('fifteen refreshes at once with one token, on three replicas, give one successor', async () => {
    const { refresh_token: token } = await signIn();
    const answers = await Promise.all(Array.from({ length: 15 }, () => refresh(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(15).fill(200));
    expect(new Set(answers.map(({ body }) => body['refresh_token'])).size).toBe(1);
  });

  it('the signing key rotates for all of them, and no request is refused', async () => {
    const [admin, customer] = [await signIn('admin'), await signIn()];
    const tokens = [customer.access_token];
    let turn = 0;
    const send = () => get(`${urls.cart}/cart`, tokens[turn++ % tokens.length]);
    const traffic = startTraffic(send, send, send, send);
    const fromEveryReplica = async () => {
      for (let sent = 0; sent < 6; sent++) tokens.push((await signIn()).access_token);
      return new Set(tokens.slice(-6).map(kidOf));
    };
    await eventually('the signing key is rotated', async () => {
      const headers = { authorization: `Bearer ${admin.access_token}` };
      const answer = await fetch(`${urls.auth}/keys/rotation`, { method: 'POST', headers });
      if (!answer.ok) throw new Error(`rotation answered ${answer.status}`);
    });
    const kids = await eventuallySame(fromEveryReplica);
    expect(kids).not.toContain(kidOf(customer.access_token));
    await traffic.more(3 * tokens.length);
    expect((await traffic.stop()).failures).toEqual([]);
  });

  it('one of them can be lost without a request being refused', async () => {
    const { access_token: token } = await signIn();
    const send = () => get(`${urls.cart}/cart`, token);
    await expectNoneLost(async () => {
      const traffic = startTraffic(send, send, send, send);
      await traffic.more(30);
      const before = await container('cart-service');
      await exec(before, 'sh', '-c', 'kill -TERM $(cat /proc/1/task/1/children)').catch(() => '');
      await eventually('the lost replica is back', async () => {
        const { State } = (await containers('cart-service')).find(({ Id }) => Id === before.Id) ?? before;
        if (State.StartedAt === before.State.StartedAt || State.Health?.Status !== 'healthy')
          throw new Error('not back');
      });
      await traffic.more(30);
      return traffic.stop();
    });
  });
});

/** Retries until all replicas sign with one key. Each replica polls for the others' changes every few hundred ms. */
async function eventuallySame(read: () => Promise<Set<string>>): Promise<string[]> {
  let found = new Set<string>();
  await eventually('all replicas sign with one key', async () => {
    found = await read();
    if (found.size !== 1) throw new Error('the replicas sign with different keys');
  });
  return [...found];
}
