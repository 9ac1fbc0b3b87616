import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  type AuthClientOptions,
  authClient,
  createServiceIdentity,
  HopError,
  type HopInit,
  type HopSettings,
  type IdentityStore,
  type RevocationList,
  type ServiceClientOptions,
  serviceClient,
} from '../../src/index.ts';
import {
  createSigningKey,
  createTestIssuer,
  type MintOverrides,
  type SigningKey,
  type TestClient,
  type TestIssuer,
} from '../../src/testing/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';

/** A request that cart-service received. */
export type Received = {
  method: string;
  url: string;
  authorization: string;
  proof: string | undefined;
  trace: string | undefined;
  requestId: string | undefined;
  body: unknown;
};

type Answerer = (request: FastifyRequest, reply: FastifyReply) => unknown;

export type Shop = {
  issuer: TestIssuer;
  /** Exchanges tokens to call cart-service. */
  payment: FastifyInstance;
  clock: TestClock;
  received: Received[];
  /** Replaces cart-service's answer to requests with a valid token, or to all requests. */
  cart: { answer: Answerer | undefined; gate: Answerer | undefined };
  /** Sends GET /cart to cart-service through payment-service. `via` changes the request. */
  call(token: string, via?: Via & { headers?: object }): Promise<Called>;
  /** A person's token for payment-service. */
  mint(overrides?: MintOverrides): string;
  close(): Promise<void>;
};

type Via = {
  path?: string;
  init?: HopInit;
  settings?: HopSettings;
};

export type Called = {
  status: number;
  body: Record<string, unknown>;
  headers: Record<string, unknown>;
  error: HopError | undefined;
};

export type ShopOptions = {
  client?: Partial<ServiceClientOptions>;
  identityStore?: IdentityStore;
  /** With which payment-service opens encrypted tokens. */
  decryptionKeys?: readonly string[];
  /** payment-service's list of revocations, or 'feed' to follow the issuer's. Default none. */
  revocations?: RevocationList | 'feed';
  policy?: TestClient['toward'];
  cartUrl?: string;
  /** cart-service's. Default: it remembers proofs as with a shared store, so that nobody needs its nonces. */
  cart?: Partial<AuthClientOptions>;
};

/** One key for the whole run, because these tests do not depend on the issuer's key. */
let signingKey: Promise<SigningKey> | undefined;

const scopes = 'cart:read cart:write payment:write';

/** The default timeout. It is long, so that a busy machine does not look like a slow service. */
const patientMs = 20_000;

/** An issuer, a payment-service and a cart-service, each listening for real. */
export async function startShop(options: ShopOptions = {}): Promise<Shop> {
  const { client = {}, policy, cartUrl, identityStore, decryptionKeys = [], revocations = null } = options;
  signingKey ??= createSigningKey();
  const issuer = await createTestIssuer({ audience: 'payment-service', signingKey: await signingKey });
  const clock = createTestClock();
  const signedInAt = Math.floor(Date.now() / 1000) - 10;
  const received: Received[] = [];
  const behaviour: Shop['cart'] = { answer: undefined, gate: undefined };
  const { issuer: iss, jwksUri, tokenEndpoint } = issuer;

  const cart = Fastify();
  const used = new Set<string>();
  await cart.register(authClient, {
    issuer: iss,
    audience: 'cart-service',
    jwksUri,
    revocations: null,
    proofStore: { use: async (id) => !used.has(id) && Boolean(used.add(id)) },
    ...options.cart,
  });
  cart.addHook('onRequest', async (request, reply) => {
    const { authorization = '', dpop, traceparent, 'x-request-id': requestId } = request.headers;
    const { method, url } = request;
    received.push({
      method,
      url,
      authorization,
      proof: dpop as string | undefined,
      trace: traceparent as string,
      requestId: requestId as string,
      body: undefined,
    });
    if (behaviour.gate) await behaviour.gate(request, reply);
    return reply.sent ? reply : undefined;
  });
  cart.addHook('onRequest', cart.authenticate);
  cart.addHook('preHandler', async (request) => {
    const last = received.at(-1);
    if (last) last.body = request.body;
  });
  cart.all('/*', async (request, reply) => {
    if (behaviour.answer) return behaviour.answer(request, reply);
    const { subject, scopes: held, actor, audience, clientId, boundTo } = request.auth;
    return { owner: subject, scopes: [...held], actor, audience, clientId, boundTo };
  });
  const cartAddress = await cart.listen({ port: 0, host: '127.0.0.1' });

  const payment = Fastify();
  const identity = createServiceIdentity({
    clientId: 'payment-service',
    clock,
    decryptionKeys,
    ...(identityStore && { store: identityStore }),
  });
  await payment.register(authClient, {
    issuer: iss,
    audience: 'payment-service',
    jwksUri,
    decryption: identity.decryption,
    revocations: revocations === 'feed' ? issuer.revocations : revocations,
  });
  payment.addHook('onClose', async () => identity.close());
  await payment.register(serviceClient, {
    identity,
    tokenEndpoint,
    issuer: iss,
    services: { 'cart-service': cartUrl ?? cartAddress },
    clock,
    exchangeTimeoutMs: patientMs,
    ...client,
  });
  payment.get('/.well-known/jwks.json', async (_request, reply) =>
    reply.send({ keys: await identity.publicKeys() }),
  );
  // How each call is to be made, and its error, by the call's number.
  const calls = new Map<string, { via: Via; error?: unknown }>();
  const callOf = (request: FastifyRequest) => calls.get(String(request.headers['x-call']));
  payment.addHook('onError', async (request, _reply, error) => {
    Object.assign(callOf(request) ?? {}, { error });
  });
  payment.get('/via', { onRequest: payment.authenticate }, async (request) => {
    const { path = '/cart', init, settings } = callOf(request)?.via ?? {};
    const patient = { timeoutMs: patientMs, ...settings };
    const response = await payment.serviceClient('cart-service', patient).fetch(request, path, init);
    return { status: response.status, ok: response.ok, body: await response.text() };
  });
  const url = await payment.listen({ port: 0, host: '127.0.0.1' });
  issuer.addClient('payment-service', {
    jwksUri: `${url}/.well-known/jwks.json`,
    ...(policy && { toward: policy }),
  });

  return {
    issuer,
    payment,
    clock,
    received,
    cart: behaviour,
    // All tokens share one sign-in time, whichever second they are minted in.
    mint: (overrides) =>
      issuer.mint({ scope: scopes, ...overrides, claims: { auth_time: signedInAt, ...overrides?.claims } }),
    async call(token, { headers = {}, ...via } = {}) {
      const id = String(calls.size);
      calls.set(id, { via });
      const answer = await payment.inject({
        url: '/via',
        headers: { authorization: `Bearer ${token}`, 'x-call': id, ...headers },
      });
      const { status, ...body } = answer.json() as { status?: number; body?: unknown };
      if (typeof body.body === 'string' && body.body.startsWith('{')) body.body = JSON.parse(body.body);
      const failure = calls.get(id)?.error;
      const error = failure instanceof HopError ? failure : undefined;
      return { status: status ?? answer.statusCode, body, headers: answer.headers, error };
    },
    async close() {
      for (const app of [payment, cart]) {
        app.server.closeAllConnections();
        await app.close();
      }
      await issuer.close();
    },
  };
}
