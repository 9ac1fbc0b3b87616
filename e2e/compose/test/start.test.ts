import { describe, expect, inject, it } from 'vitest';
import { seconds } from '../docker.ts';
import { compose, containers, serviceOf, services, useEverything } from '../system.ts';

describe('docker compose up --wait', () => {
  it('comes back within three minutes, from warm images and empty volumes', () => {
    // On an idle machine of two cores it takes 11 s (docs/containers.md). The bound is wide, as this one may be busy.
    // It must catch a health check that waits for its longest interval.
    const taken = inject('startSeconds');
    console.log(`docker compose up --wait, from warm images and empty volumes: ${taken.toFixed(1)} s`);
    expect(taken).toBeLessThan(180);
  });

  it('leaves every container healthy, and the one-shots ended well', async () => {
    const states = (await containers()).map((each) => [
      serviceOf(each),
      each.State.Health?.Status ?? `${each.State.Status} ${each.State.ExitCode}`,
    ]);
    expect(Object.fromEntries(states)).toEqual({
      secrets: 'exited 0',
      'demo-accounts': 'exited 0',
      postgres: 'healthy',
      redis: 'healthy',
      ...Object.fromEntries(services.map((service) => [service, 'healthy'])),
      storefront: 'healthy',
      'gift-ideas-registration': 'exited 0',
      'gift-ideas': 'healthy',
      'example-id': 'healthy',
      front: 'healthy',
    });
  });

  it('makes a system that a demo account can use', async () => {
    await useEverything();
  });

  it('changes nothing when it is given again', async () => {
    const running = async () =>
      (await containers())
        .filter(({ State }) => State.Status === 'running')
        .map(({ Id, State }) => `${Id} ${State.StartedAt}`)
        .sort();
    const before = await running();
    const again = await seconds(() => compose('up', '--wait'));
    console.log(`docker compose up --wait again: ${again.toFixed(1)} s`);
    expect(await running()).toEqual(before);
  });
});
