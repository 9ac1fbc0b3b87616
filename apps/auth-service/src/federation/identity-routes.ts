import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { passwordSchema } from '../accounts/password-schema.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import type { OwnCookies } from '../logins/own-cookies.ts';
import { sessionEnded } from '../tokens/session-ended.ts';
import type { Federation } from './federation.ts';
import type { Identities } from './identities.ts';
import { foreignPage, lastWayIn, providerUnavailable, unknownIdentity, unknownProvider } from './refusals.ts';
import { UpstreamError } from './upstream-error.ts';
import type { UpstreamStates } from './upstream-states.ts';

export type IdentityRoutesOptions = {
  readonly federation: Federation;
  readonly states: Pick<UpstreamStates, 'begin'>;
  readonly identities: Identities;
  readonly accounts: Pick<Accounts, 'find' | 'signIn'>;
  readonly clients: ClientDirectory;
  readonly cookies: OwnCookies;
  /** Rejects for somebody without a password who has not just signed in. */
  readonly requireRecentReturn: (request: FastifyRequest) => Promise<void>;
  /** Counts a state that is kept, by the address that it comes from. */
  readonly admit: (address: string) => Promise<void>;
};

const proof = {
  password: Type.Optional(passwordSchema),
};

const refusals = { 401: problemSchema, 403: problemSchema, 404: problemSchema, 503: problemSchema };

const listSchema = {
  summary: 'List my accounts elsewhere, with which I can sign in',
  tags: ['account'],
  response: {
    200: Type.Object({
      has_password: Type.Boolean({ description: 'Whether I can also sign in with a password.' }),
      identities: Type.Array(
        Type.Object({
          id: Type.String(),
          provider: Type.String(),
          display_name: Type.Union([Type.String(), Type.Null()]),
          linked_at: Type.String({ format: 'date-time' }),
        }),
      ),
    }),
    ...refusals,
  },
};

const linkSchema = {
  summary: 'Begin to link an account elsewhere',
  description:
    'Send the browser to `location`. It returns to `return_to`, with `provider`, and with `identity`: linked, known, ' +
    'taken (it is linked to another account), cancelled, unavailable, refused, or over (this session has ended). ' +
    'Linking ends the person’s other sessions. Somebody with a password proves it; others must have just signed in.',
  tags: ['account'],
  body: Type.Object(
    {
      provider: Type.String({ maxLength: 64 }),
      return_to: Type.String({ maxLength: 2048, description: 'A URL of the page that asks.' }),
      ...proof,
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object({ location: Type.String() }),
    400: problemSchema,
    429: problemSchema,
    ...refusals,
  },
};

const unlinkSchema = {
  summary: 'Unlink an account elsewhere, and sign my other devices out',
  tags: ['account'],
  params: Type.Object({ id: Type.String({ pattern: '^[\\w-]{22}$' }) }),
  body: Type.Object(proof, { additionalProperties: false }),
  response: {
    204: Type.Null({ description: 'It can no longer be used to sign in here.' }),
    400: problemSchema,
    409: problemSchema,
    429: problemSchema,
    ...refusals,
  },
};

/** A person's own accounts at other providers: to list, link and unlink them. */
export async function identityRoutes(app: Service, options: IdentityRoutesOptions): Promise<void> {
  const { federation, identities, accounts, clients, cookies } = options;

  app.get(
    '/account/identities',
    { onRequest: app.authenticate, schema: listSchema },
    async ({ auth: { subject } }) => {
      const account = await accountOf(subject);
      const linked = await identities.list(subject);
      return {
        has_password: account.hasPassword,
        identities: linked.map(({ id, provider, displayName, linkedAt }) => ({
          ...{ id, provider, display_name: displayName },
          linked_at: linkedAt.toISOString(),
        })),
      };
    },
  );

  app.post(
    '/account/identities',
    { onRequest: app.authenticate, schema: linkSchema },
    async (request, reply) => {
      const { provider, return_to: returnTo, password } = request.body;
      const federated = federation.find(provider);
      if (federated === undefined) throw unknownProvider();
      const { subject, sessionId, clientId } = request.auth;
      refuseForeignPage(request, clientId, returnTo);
      await prove(request, password);
      await options.admit(request.ip);
      const checks = await options.states.begin({
        provider,
        purpose: { kind: 'link', subject, sessionId, clientId, returnTo },
        maxAge: undefined,
        // Nobody can have another person link their account to this one: the answer needs this browser's cookie.
        browser: cookies.ensureBrowser(reply),
      });
      reply.header('cache-control', 'no-store');
      try {
        return { location: (await federated.client.begin(checks)).href };
      } catch (error) {
        throw error instanceof UpstreamError ? providerUnavailable() : error;
      }
    },
  );

  app.delete(
    '/account/identities/:id',
    { onRequest: app.authenticate, schema: unlinkSchema },
    async (request, reply) => {
      await prove(request, request.body.password);
      const { subject, sessionId, clientId } = request.auth;
      const changing = { subject, sessionId, clientId, origin: requestOrigin(request) };
      const outcome = await identities.unlink(changing, request.params.id);
      if (outcome === undefined) throw unknownIdentity();
      if (outcome === 'last') throw lastWayIn();
      return reply.code(204).send(null);
    },
  );

  async function accountOf(subject: string): Promise<Account> {
    const account = await accounts.find(subject);
    if (account === undefined || account.disabledAt !== null) throw sessionEnded();
    return account;
  }

  /** A wrong password counts against the same limits as at sign-in. */
  async function prove(request: FastifyRequest, password: string | undefined): Promise<void> {
    const { subject, sessionId, clientId } = request.auth;
    const { hasPassword, username } = await accountOf(subject);
    if (!hasPassword) return options.requireRecentReturn(request);
    const of = { username, password: password ?? '', sessionId, clientId };
    await accounts.signIn({ ...of, ...requestOrigin(request) });
  }

  /** The person returns to the page that asked, and it has to be the client's own. */
  function refuseForeignPage(request: FastifyRequest, clientId: string, returnTo: string): void {
    const client = clients.find(clientId);
    const origins = client?.kind === 'browser' ? client.origins : [];
    const isOwn = [request.headers.origin, URL.parse(returnTo)?.origin].every(
      (origin) => origin !== undefined && origins.includes(origin),
    );
    if (!isOwn) throw foreignPage();
  }
}
