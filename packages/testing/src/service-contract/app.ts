import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { eventually } from '../eventually.ts';
import type { Call, Reply } from './call.ts';

/** A service as its tests start it. */
export type StartedService = {
  readonly issuer: { readonly jwksUri: string };
  call<Body>(path: string, request?: Call): Promise<Reply<Body>>;
  close(): Promise<void>;
};

type Operation = {
  security?: Record<string, string[]>[];
  summary?: string;
  responses: Record<string, { content?: Record<string, unknown> }>;
  requestBody?: unknown;
};
type OpenApi = { openapi: string; paths: Record<string, Record<string, Operation>> };

/**
 * Tests what a service says of itself: its OpenAPI document has these operations, and says of each which scopes it needs
 * and how it can fail.
 *
 * @example describeDocument(startCartService, { 'get /cart': ['cart:read'] });
 */
export function describeDocument(
  start: () => Promise<StartedService>,
  scopesOf: Readonly<Record<string, readonly string[]>>,
): void {
  describe('the OpenAPI document', () => {
    let service: StartedService;
    let operations: [string, Operation][];

    beforeAll(async () => {
      service = await start();
      const { body } = await service.call<OpenApi>('/docs/json', { token: '' });
      expect(body.openapi).toMatch(/^3\.1/);
      // The keys are public: no scope, nothing to refuse.
      const { '/.well-known/jwks.json': _keys, ...paths } = body.paths;
      operations = Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]): [string, Operation] => [
          `${method} ${path}`,
          operation,
        ]),
      );
    });
    afterAll(() => service.close());

    it('has every route', () => {
      expect(operations.map(([name]) => name).sort()).toEqual(Object.keys(scopesOf).sort());
    });

    it('says of each which scopes it needs and how it can fail', () => {
      for (const [name, { security, summary, responses, requestBody }] of operations) {
        expect(summary, name).toBeTruthy();
        expect(security, name).toEqual([{ bearer: scopesOf[name] }]);
        const problems = ['401', '403', '500', '503', ...(requestBody ? ['400', '413', '415'] : [])];
        const statuses = Object.keys(responses);
        expect(statuses, name).toEqual(expect.arrayContaining([expect.stringMatching(/^2/), ...problems]));
        for (const status of problems) {
          const types = Object.keys(responses[status]?.content ?? {});
          expect(types, `${name} ${status}`).toEqual(['application/problem+json']);
        }
      }
    });
  });
}

type Link = {
  readonly url: string;
  cut(): Promise<void>;
  restore(url?: string): Promise<void>;
  close(): Promise<void>;
};

/** How the tests of a service start it, and what stands between it and what it needs. */
export type Outages<Started extends StartedService = StartedService> = {
  readonly start: (options: { jwksUri?: string; databaseUrl?: string }) => Promise<Started>;
  readonly startNetworkLink: (url: string) => Promise<Link>;
  readonly createTestDatabase: () => Promise<{ readonly url: string; drop(): Promise<void> }>;
  /** A route that reads what the service has stored. */
  readonly route: string;
  /** Further requests that need the database; the last leaves something stored. */
  readonly requests: readonly ((service: Started) => Promise<Reply<unknown>>)[];
};

/**
 * Tests that a service starts without its issuer, is 503 without its database, and is well once they are there.
 *
 * @example testOutages({ start: startCartService, startNetworkLink, createTestDatabase, route: '/cart',
 *   requests: [(service) => service.add(tea)] });
 */
export function testOutages<Started extends StartedService>(outages: Outages<Started>): void {
  const { start, startNetworkLink, createTestDatabase, route, requests } = outages;
  const ready = (service: Started) => service.call('/ready', { token: '' });
  const untilReady = (service: Started) =>
    eventually('the service is ready', async () => expect((await ready(service)).status).toBe(200));

  test('the service starts without the issuer, and is ready once the keys are there', async () => {
    const nobody = await startNetworkLink('http://127.0.0.1:1/.well-known/jwks.json');
    const service = await start({ jwksUri: nobody.url });
    expect((await service.call('/live', { token: '' })).status).toBe(200);
    // Its own key may still be in the making.
    await eventually('the service says that it has no keys yet', async () =>
      expect((await ready(service)).body).toMatchObject({ status: 503, failing: ['keys and revocations'] }),
    );
    const refused = await service.call(route);
    expect(refused.body).toMatchObject({ status: 503, code: 'key_set_unavailable' });
    expect(refused.headers['retry-after']).toBeDefined();

    await nobody.restore(service.issuer.jwksUri);
    await untilReady(service);
    expect((await service.call(route)).status).toBe(200);
    const metrics = await service.call('/metrics', { token: '' });
    expect(metrics.text).toContain('readiness_warning{name="feed_silent"} 0');
    await service.close();
    await nobody.close();
  });

  test('a database that goes away is a 503, and all is well when it is back', async () => {
    const database = await createTestDatabase();
    const link = await startNetworkLink(database.url);
    const service = await start({ databaseUrl: link.url });
    await untilReady(service);
    for (const request of requests) expect((await request(service)).status).toBeLessThan(500);
    const before = (await service.call(route)).body;

    await link.cut();
    for (const attempt of [() => service.call(route), ...requests.map((request) => () => request(service))]) {
      const reply = await attempt();
      expect(reply.body).toMatchObject({ status: 503, code: 'database_unavailable' });
      expect(reply.headers['retry-after']).toBe('1');
      expect(reply.text).not.toMatch(/127\.0\.0\.1|select|insert|ECONN/);
    }
    expect((await ready(service)).body).toMatchObject({ status: 503, failing: ['postgres'] });

    await link.restore();
    await untilReady(service);
    expect((await service.call(route)).body).toEqual(before);
    for (const request of requests) expect((await request(service)).status).toBeLessThan(500);
    await service.close();
    await link.close();
    await database.drop();
  });
}
