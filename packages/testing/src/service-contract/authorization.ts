import { knownServices } from '@latchkey/services';
import { describe, expect, it, test } from 'vitest';

/** A route as its service's contract has it. */
export type ContractRoute = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** `:id` stands for what the test asks about. */
  readonly path: string;
  /** Each of them is enough. The challenge names the first. */
  readonly scopes: readonly [string, ...string[]];
  readonly body?: unknown;
  /** The answer to who may. */
  readonly status: number;
};

export type ContractAnswer = {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly challenge: string | undefined;
  readonly body: { readonly code?: string };
};

type Token = {
  readonly subject: string;
  readonly audience?: string;
  readonly scope?: string;
  readonly claims?: Record<string, unknown>;
};

export type ContractService = {
  /** Sends a request with this access token; '' sends none. `body` replaces the route's. */
  send(route: ContractRoute, token: string, body?: string): Promise<ContractAnswer>;
  readonly issuer: { mint(token: Token): string; expired(token: Token): string };
  /** Of the same name, with another key. */
  readonly stranger: { mint(token: Token): string };
  /** All that the service has stored, for anybody. */
  stored(): Promise<unknown>;
  /** Makes what each route needs to succeed for this person, such as an item to delete. */
  prepare(subject: string): Promise<void>;
};

const allScopes = knownServices.flatMap(({ scopes }) => Object.keys(scopes));

/**
 * Tests what every service owes to requests with a token. A refusal changes nothing, names what is missing, and comes
 * before the body is parsed. A route's scope is enough, and no other scope is.
 *
 * @example describeAuthorization(routes, { otherAudience: 'payment-service' }, () => service);
 */
export function describeAuthorization(
  routes: readonly ContractRoute[],
  { otherAudience }: { readonly otherAudience: string },
  serviceOf: () => ContractService,
): void {
  const scope = allScopes.join(' ');
  const badTokens: [string, (service: ContractService) => string][] = [
    ['of another service', ({ issuer }) => issuer.mint({ subject: 'ada', audience: otherAudience, scope })],
    ['that expired', ({ issuer }) => issuer.expired({ subject: 'ada', scope })],
    ['signed with another key', ({ stranger }) => stranger.mint({ subject: 'ada', scope })],
    ['without a subject', ({ issuer }) => issuer.mint({ subject: 'ada', scope, claims: { sub: undefined } })],
    ['that is none', () => 'nonsense'],
  ];

  /** The answer to a request that must change nothing. */
  async function refusal(route: ContractRoute, token: string, body?: string): Promise<ContractAnswer> {
    const service = serviceOf();
    const before = await service.stored();
    const answer = await service.send(route, token, body);
    expect(await service.stored()).toEqual(before);
    expect(answer.contentType).toContain('application/problem+json');
    return answer;
  }

  describe.each(routes.map((route) => [route.method, route.path, route] as const))(
    '%s %s',
    (_method, _path, route) => {
      it('without a token: 401 and a bare challenge', async () => {
        const { status, challenge } = await refusal(route, '');
        expect(status).toBe(401);
        expect(challenge).toMatch(/^Bearer (?!.*error)/);
      });

      it.each(badTokens)('with a token %s: 401 invalid_token', async (_what, tokenOf) => {
        const { status, body, challenge } = await refusal(route, tokenOf(serviceOf()));
        expect([status, body.code]).toEqual([401, 'invalid_token']);
        expect(challenge).toContain('error="invalid_token"');
      });

      it('needs its scope, and no other will do', async () => {
        const others = allScopes.filter((other) => !route.scopes.includes(other)).join(' ');
        for (const token of [{ subject: 'ada', scope: others }, { subject: 'ada' }]) {
          const { status, body, challenge } = await refusal(route, serviceOf().issuer.mint(token));
          expect([status, body.code]).toEqual([403, 'insufficient_scope']);
          expect(challenge).toContain(`scope="${route.scopes[0]}"`);
        }
      });

      it('answers before it looks at the body', async () => {
        expect((await refusal(route, '', '{"malformed')).status).toBe(401);
      });
    },
  );

  test('each route is done with its scope alone', async () => {
    const service = serviceOf();
    await service.prepare('eve');
    for (const route of routes) {
      for (const alone of route.scopes) {
        const { status } = await service.send(route, service.issuer.mint({ subject: 'eve', scope: alone }));
        expect([route.method, route.path, alone, status]).toEqual([
          route.method,
          route.path,
          alone,
          route.status,
        ]);
      }
    }
  });
}
