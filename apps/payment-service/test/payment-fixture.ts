import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createSigningKey, createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { type AppOptions, buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { openPaymentDatabase } from '../src/database/open-payment-database.ts';
import type { PaymentBody } from '../src/payments/schemas.ts';
import { createTestCarts, type TestCarts } from './test-carts.ts';

export const goodCard = { number: '4242424242424242', exp_month: 12, exp_year: 2090, cvc: '123' };
export const euros = (amount: number) => ({ amount, currency: 'EUR' });
export const card = (number: string) => ({ ...goodCard, number });

/** Settings of a service whose processor will be silent: short, so that its tests are fast. */
export const impatient = { PROCESSOR_TIMEOUT_MS: '1000' };

export type Call = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Default a customer's. */
  token?: string;
  key?: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** By default pay() makes the payer's cart cost what the body says. */
  cart?: 'as it is';
};

/** Every optional field of an answer. */
type Body = Partial<Omit<PaymentBody, 'status'>> & {
  status?: string | number;
  code?: string;
  payment_id?: string;
  payments?: PaymentBody[];
  next_cursor?: string;
};

export type Reply = { status: number; headers: Headers; text: string; body: Body };

export type PaymentFixture = Awaited<ReturnType<typeof startPaymentService>>;

export type FixtureOptions = Pick<AppOptions, 'processor' | 'clock'> & {
  /** Default: its own database, dropped at the end. */
  databaseUrl?: string;
  /** Shares another fixture's database, issuer and carts. Default: its own issuer, closed at the end, and no carts. */
  beside?: { env: { DATABASE_URL: string }; issuer: TestIssuer; carts: TestCarts };
  env?: Record<string, string>;
};

/** Shared by all issuers of this process, because making a key takes 0.07 s. */
const signingKey = createSigningKey();

/** A listening payment-service, with its own database unless told otherwise. */
export async function startPaymentService(options: FixtureOptions = {}) {
  const { beside, databaseUrl = beside?.env.DATABASE_URL } = options;
  const created = databaseUrl === undefined ? await createTestDatabase({ filledBy: migrate }) : undefined;
  const issuer =
    beside?.issuer ?? (await createTestIssuer({ audience: 'payment-service', signingKey: await signingKey }));
  const carts = beside?.carts ?? createTestCarts();
  const lines: string[] = [];
  const env = serviceEnv({ databaseUrl: databaseUrl ?? created?.url ?? '', issuer });
  const config = readConfig({ ...env, ...options.env });
  const database = await openPaymentDatabase(config);
  const app = await buildApp({
    config,
    database,
    revocations: issuer.revocations,
    logDestination: { write: (line) => void lines.push(line) },
    cartOf: (request) => carts.of(request.auth.subject),
    ...(options.processor && { processor: options.processor }),
    ...(options.clock && { clock: options.clock }),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  await app.authClient.ready();
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

  return {
    app,
    url,
    env,
    issuer,
    carts,
    database,
    logs: () => lines.join(''),
    ...callsTo(url, { issuer, carts }),
    async close() {
      await app.close();
      if (beside === undefined) await issuer.close();
      await created?.drop();
    },
  };
}

/** The settings with which payment-service starts. */
function serviceEnv({ databaseUrl, issuer }: { databaseUrl: string; issuer: TestIssuer }) {
  return {
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'trace',
    DATABASE_URL: databaseUrl,
    // Long timeouts, so that a busy machine looks neither like a Postgres that is down nor like a silent processor.
    DATABASE_TIMEOUT_MS: '10000',
    ISSUER: issuer.issuer,
    JWKS_URI: issuer.jwksUri,
    PROCESSOR_TIMEOUT_MS: '10000',
    // No service listens there, because the tests' carts are in this process.
    CART_URL: 'http://127.0.0.1:1',
    CART_TIMEOUT_MS: '100',
    TOKEN_ENDPOINT: 'http://127.0.0.1:1/token',
    REVOCATIONS_URI: issuer.revocations.uri,
    FINGERPRINT_KEY: Buffer.alloc(32, 7).toString('base64url'),
  };
}

/** Makes the cart of the token's subject cost what the body says, if it has an amount. */
function fillCart(carts: TestCarts, token: string, body: unknown): void {
  const { amount: price } = (typeof body === 'object' ? body : {}) as { amount?: unknown };
  const { amount, currency } = (price ?? {}) as Record<string, unknown>;
  if (typeof amount !== 'number' || typeof currency !== 'string') return;
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}');
  carts.hold(claims.sub, { amount, currency });
}

/** Sends requests to a payment-service, as a customer or as another person. */
export function callsTo(url: string, { issuer, carts }: { issuer: TestIssuer; carts: TestCarts }) {
  const customer = (subject = 'ada') => issuer.mint({ subject, scope: 'payment:read payment:write' });
  const support = (subject = 'sam') =>
    issuer.mint({ subject, scope: 'payment:read payment:write payment:refund' });

  async function call(
    path: string,
    { method = 'GET', token = customer(), key, headers, body }: Call = {},
  ): Promise<Reply> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status } = response;
    return { status, headers: response.headers, text, body: text.startsWith('{') ? JSON.parse(text) : {} };
  }

  return {
    call,
    customer,
    support,
    pay: ({
      body = { amount: euros(1999), card: goodCard },
      token = customer(),
      cart,
      ...rest
    }: Call = {}) => {
      if (cart === undefined) fillCart(carts, token, body);
      return call('/payments', { method: 'POST', key: randomUUID(), token, body, ...rest });
    },
    refund: (id: string, { body = {}, ...rest }: Call = {}) =>
      call(`/payments/${id}/refunds`, { method: 'POST', key: randomUUID(), token: support(), body, ...rest }),
  };
}

async function migrate(url: string): Promise<void> {
  await (
    await openPaymentDatabase({ DATABASE_URL: url, DATABASE_POOL_SIZE: 1, DATABASE_TIMEOUT_MS: 10_000 })
  ).close();
}
