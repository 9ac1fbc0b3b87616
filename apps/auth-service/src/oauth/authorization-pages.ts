import type { Service } from '@latchkey/service-kit';
import type { Accounts } from '../accounts/accounts.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ClientStatuses } from '../clients/client-statuses.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import type { ConsentStore } from '../consents/consent-store.ts';
import type { PublicJwk } from '../database/schema.ts';
import type { Federation } from '../federation/federation.ts';
import type { Identities } from '../federation/identities.ts';
import { upstreamRoutes } from '../federation/upstream-routes.ts';
import type { UpstreamStates } from '../federation/upstream-states.ts';
import type { LoginEnd } from '../logins/end-login.ts';
import type { LoginStore } from '../logins/login-store.ts';
import type { OwnCookies } from '../logins/own-cookies.ts';
import type { ResourceUrls } from '../permissions/resource-urls.ts';
import type { Records } from '../redis/records.ts';
import type { AuthorizationCodes } from '../sessions/authorization-code.ts';
import { readIdTokenHint } from '../tokens/id-token.ts';
import { createAuthorization } from './authorization/authorization.ts';
import { createFoundRequests } from './authorization/found-requests.ts';
import { createAuthorizationPages } from './authorization/pages.ts';
import { parRoute } from './authorization/par-route.ts';
import { createPendingRequests } from './authorization/pending-requests.ts';
import { createProviderSignIn } from './authorization/provider-sign-in.ts';
import { createPushedRequests } from './authorization/pushed-requests.ts';
import { authorizationRoutes } from './authorization/routes.ts';
import type { AuthenticateClient } from './client-authentication/client-authentication.ts';
import type { ReadProof } from './dpop-proofs.ts';
import { endSessionRoute } from './logout/end-session-route.ts';
import type { LogoutDeliveries } from './logout/logout-deliveries.ts';

export type AuthorizationPagesOptions = {
  readonly issuer: string;
  readonly records: Records;
  readonly accounts: Accounts;
  readonly logins: LoginStore;
  readonly consents: ConsentStore;
  readonly codes: AuthorizationCodes;
  readonly clients: ClientDirectory;
  readonly clientStatuses: Pick<ClientStatuses, 'isRevoked'>;
  readonly authenticate: AuthenticateClient;
  readonly readProof: ReadProof;
  readonly deliveries: Pick<LogoutDeliveries, 'announce'>;
  readonly loginEnd: Pick<LoginEnd, 'end'>;
  readonly resourceUrls: ResourceUrls;
  readonly cookies: OwnCookies;
  readonly federation: Federation;
  readonly states: UpstreamStates;
  readonly identities: Identities;
  /** The keys by which an ID token is known to be ours. */
  readonly hintKeys: () => readonly PublicJwk[];
  readonly audit: AuditLog;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** The authorization endpoint with its pages, pushed requests, and signing out of all applications. */
export async function authorizationPages(app: Service, options: AuthorizationPagesOptions): Promise<void> {
  const { issuer, records, accounts, clients, clientStatuses, authenticate, deliveries, federation } =
    options;
  const { announce } = deliveries;
  const readHint = (token: string) => readIdTokenHint(token, { issuer, keys: options.hintKeys() });
  const shared = {
    issuer,
    clients,
    authorization: createAuthorization({ ...options, announce }),
    cookies: options.cookies,
    pages: createAuthorizationPages({ issuer, federation }),
  };
  const pending = createPendingRequests({ records });
  const admit = accounts.admitAuthorization;
  const requests = createFoundRequests({ ...shared, pending, clientStatuses });
  const { findRequest, entranceFor } = createProviderSignIn({ ...shared, federation, requests });
  const beginning = {
    parsing: { clients, readHint, resourceUrls: options.resourceUrls },
    pushed: createPushedRequests({ records }),
    admit,
  };
  await app.register(authorizationRoutes, { ...shared, ...beginning, pending, requests, entranceFor });
  await app.register(parRoute, { ...beginning, authenticate, readProof: options.readProof });
  const { sendError } = shared.pages;
  const { cookies, states, identities } = options;
  await app.register(upstreamRoutes, {
    ...{ federation, states, identities, cookies },
    ...{ findRequest, admit, sendError },
  });
  await app.register(endSessionRoute, { ...shared, readHint, loginEnd: options.loginEnd });
}
