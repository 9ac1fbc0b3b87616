import { afterAll, describe, expect, it } from 'vitest';
import { seconds } from '../docker.ts';
import {
  compose,
  container,
  eventually,
  exec,
  get,
  services,
  signIn,
  urls,
  useEverything,
} from '../system.ts';

const long = ['postgres', 'redis', ...services, 'front'];
const healed: string[] = [];
afterAll(() => console.log(`Until everything answered again:\n${healed.join('\n')}`));

describe('the system heals by itself', () => {
  it.each(long)('after docker compose restart %s', async (service) => {
    await compose('restart', service);
    const taken = await seconds(() => eventually('everything answers', useEverything));
    healed.push(`  restart of ${service}: ${taken.toFixed(1)} s`);
    const { State } = await container(service);
    expect(State.Status).toBe('running');
  });

  it.each(long)('after the process in %s was killed', async (service) => {
    const before = await container(service);
    // Kills everything below the init process, as an out-of-memory kill would. The kernel protects the init process.
    await exec(before, 'sh', '-c', 'kill -9 $(cat /proc/1/task/1/children)').catch(() => '');
    const began = performance.now();
    await eventually('the container was restarted', async () => {
      const { RestartCount, State } = await container(service);
      if (RestartCount === before.RestartCount || State.Status !== 'running')
        throw new Error('not restarted');
    });
    await eventually('everything answers', useEverything);
    healed.push(`  crash of ${service}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  });

  it('and every container says that it is healthy', async () => {
    await eventually('every container is healthy', async () => {
      for (const service of long) expect((await container(service)).State.Health?.Status).toBe('healthy');
    });
  });
});

describe('a service says that it is not ready', () => {
  it('while Redis is away, and verified tokens go on being good', async () => {
    const { access_token: token } = await signIn();
    await compose('stop', 'redis');
    try {
      await eventually('auth-service is not ready', async () =>
        expect((await get(`${urls.auth}/ready`)).status).toBe(503),
      );
      expect((await get(`${urls.cart}/cart`, token)).status).toBe(200);
    } finally {
      await compose('start', 'redis');
    }
    await eventually('everything answers', useEverything);
  });
});

describe('while auth-service is stopped', () => {
  it('the others verify and serve', async () => {
    const { access_token: token } = await signIn();
    await compose('stop', 'auth-service');
    try {
      for (const url of [`${urls.cart}/cart`, `${urls.wishlist}/wishlist`, `${urls.payment}/payments`]) {
        expect((await get(url, token)).status).toBe(200);
      }
    } finally {
      await compose('start', 'auth-service');
    }
    await eventually('everything answers', useEverything);
  });
});
