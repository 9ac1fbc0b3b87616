import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { knownServices } from '@latchkey/services';
import { describe, expect, it, test } from 'vitest';
import { eventually } from './eventually.ts';

/** A route as its service's contract has it. */
export interface ContractRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** `:id` stands for what the test asks about. */
  readonly path: string;
  /** Each of them is enough. The challenge names the first. */
  readonly scopes: readonly [string, ...string[]];
  readonly body?: unknown;
  /** The answer to who may. */
  readonly status: number;
}

export interface ContractAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly challenge: string | undefined;
  readonly body: { readonly code?: string };
}

interface Token {
  readonly subject: string;
  readonly audience?: string;
  readonly scope?: string;
  readonly claims?: Record<string, unknown>;
}

export interface ContractService {
  /** Sends a request with this access token; '' sends none. `body` replaces the route's. */
  send(route: ContractRoute, token: string, body?: string): Promise<ContractAnswer>;
  readonly issuer: { mint(token: Token): string; expired(token: Token): string };
  /** Of the same name, with another key. */
  readonly stranger: { mint(token: Token): string };
  /** All that the service has stored, for anybody. */
  stored(): Promise<unknown>;
  /** Makes what each route needs to succeed for this person, such as an item to delete. */
  prepare(subject: string): Promise<void>;
}

const allScopes = knownServices.flatMap(({ scopes }) => Object.keys(scopes));

type InjectedCall = (
  path: string,
  request: { method: ContractRoute['method']; token: string; body?: unknown },
) => Promise<{ status: number; headers: Record<string, unknown>; body: { code?: string } | undefined }>;

/** `send` for a service whose tests call it by inject. */
export function sendBy(
  call: InjectedCall,
  pathOf = ({ path }: ContractRoute) => path,
): ContractService['send'] {
  return async (route, token, body: unknown = route.body) => {
    const request = { method: route.method, token, ...(body !== undefined && { body }) };
    const answer = await call(pathOf(route), request);
    const header = (name: string) => answer.headers[name] as string | undefined;
    return {
      status: answer.status,
      contentType: header('content-type'),
      challenge: header('www-authenticate'),
      body: answer.body ?? {},
    };
  };
}

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

/**
 * Tests what every service owes to its operator. It listens without its issuer, ends with 0 on SIGTERM, and says in a few
 * lines, without a secret, why it does not start.
 *
 * @example testMain({ program, settings: { CART_URL: 'http://127.0.0.1:1' }, route: '/wishlist', databaseUrl: () => url });
 */
export function testMain(service: {
  /** The path of main.ts. */
  readonly program: string;
  /** Those that the service needs besides. */
  readonly settings: Readonly<Record<string, string>>;
  /** One that wants a token. */
  readonly route: string;
  readonly databaseUrl: () => string;
}): void {
  const settings = () => ({
    PORT: '0',
    DATABASE_URL: service.databaseUrl(),
    // Nobody is there: the service starts without.
    ISSUER: 'http://127.0.0.1:1',
    JWKS_URI: 'http://127.0.0.1:1/.well-known/jwks.json',
    TOKEN_ENDPOINT: 'http://127.0.0.1:1/token',
    REVOCATIONS_URI: 'http://127.0.0.1:1/revocations',
    ...service.settings,
  });

  function start(env: Record<string, string>) {
    const { PATH, NODE_OPTIONS } = process.env;
    const child = spawn(process.execPath, [service.program], { env: { PATH, NODE_OPTIONS, ...env } });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    return {
      child,
      output: () => output,
      exit: once(child, 'close').then(([code]) => code as number | null),
    };
  }

  test('main listens, answers, and ends with 0 on SIGTERM', async () => {
    const { child, output, exit } = start(settings());
    try {
      await eventually('the service listens', () => expect(output()).toContain('listening on'));
      const url = /listening on (http:\/\/[0-9.:]+)/.exec(output())?.[1];
      expect((await fetch(`${url}/live`)).status).toBe(200);
      expect((await fetch(`${url}${service.route}`)).status).toBe(401);
      child.kill('SIGTERM');
      expect(await exit).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('main names every missing setting at once, and no value', async () => {
    const { output, exit } = start({ DATABASE_URL: 'mysql://u:hunter2@localhost/x' });
    expect(await exit).toBe(1);
    expect(output()).toContain('DATABASE_URL is not valid');
    for (const name of Object.keys(settings()).filter((setting) => setting !== 'DATABASE_URL'))
      expect(output()).toContain(`${name} is missing`);
    expect(output()).not.toMatch(/hunter2|\.ts:|\n {4}at /);
  });

  test('main says in one line that the database is not there', async () => {
    const url = new URL(service.databaseUrl());
    url.pathname = '/no_such_database';
    const { output, exit } = start({ ...settings(), DATABASE_URL: url.href });
    expect(await exit).toBe(1);
    expect(output()).toBe('The database that DATABASE_URL names does not exist: create it first.\n');
  });

  test('a stop signal in the middle of the start ends the process', async () => {
    const { child, exit } = start(settings());
    await delay(150);
    child.kill('SIGTERM');
    const outcome = await Promise.race([exit.then(() => 'ended'), delay(10_000, 'still there')]);
    child.kill('SIGKILL');
    expect(outcome).toBe('ended');
  });
}
