import type { FastifyRequest } from 'fastify';
import { requestOrigin } from '../../audit/request-origin.ts';
import type { Federation } from '../../federation/federation.ts';
import type { Provider } from '../../federation/provider.ts';
import type { WaitingRequest } from '../../federation/upstream-routes.ts';
import type { Login } from '../../logins/login-store.ts';
import type { OwnCookies } from '../../logins/own-cookies.ts';
import { acrProvider } from '../../tokens/claims.ts';
import type { Authorization } from './authorization.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { acceptsAcr } from './claims-request.ts';
import type { FoundRequests } from './found-requests.ts';
import type { PendingRequest } from './pending-requests.ts';

/** The `max_age` to ask the provider for: prompt=login means the same as 0. */
function maxAgeFor({ prompts, maxAge }: AuthorizationRequest): number | undefined {
  return prompts.includes('login') ? 0 : maxAge;
}

/** Whether a sign-in at this provider can be what the request demands. */
export function canServe(
  { canReauthenticate }: Pick<Provider, 'canReauthenticate'>,
  request: AuthorizationRequest,
): boolean {
  return acceptsAcr(request, acrProvider) && (canReauthenticate || maxAgeFor(request) === undefined);
}

/** What federation/ needs of authorization requests, so that people can sign in for one at another provider. */
export function createProviderSignIn(parts: {
  readonly issuer: string;
  readonly authorization: Pick<Authorization, 'signInElsewhere'>;
  readonly cookies: OwnCookies;
  readonly federation: Federation;
  readonly requests: FoundRequests;
}) {
  const { authorization, cookies, federation, requests } = parts;

  return {
    /**
     * Where the person signs in at the provider that the request names, if that provider can do what the request
     * demands. Undefined for somebody who is signed in by other means. Otherwise a link on any site could end their
     * login, and start one for another person.
     */
    entranceFor({ id, request }: PendingRequest, login: Login | undefined): string | undefined {
      const named = federation.find(request.identityProvider ?? '')?.provider;
      if (named === undefined) return undefined;
      const isSwitch = login !== undefined && login.elsewhere?.provider !== named.id;
      return !isSwitch && canServe(named, request) ? federation.entranceOf(named.id, id) : undefined;
    },

    async findRequest(request: FastifyRequest, id: string): Promise<WaitingRequest> {
      const found = await requests.find(request, id);
      return {
        maxAge: maxAgeFor(found.request),
        uiLocales: found.request.uiLocales,
        page: `${parts.issuer}/authorize/${id}`,
        signIn: async (reply, account, elsewhere) => {
          const signedIn = await authorization.signInElsewhere(account, elsewhere, {
            clientId: found.client.id,
            replaces: cookies.loginsOf(request),
            origin: requestOrigin(request),
          });
          cookies.setLogin(reply, signedIn.id);
          await requests.advance(found, { login: signedIn.login.digest, hasSignedIn: true });
        },
      };
    },
  };
}
