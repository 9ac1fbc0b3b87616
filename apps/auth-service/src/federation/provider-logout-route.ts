import { ProblemError, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { LoginEnd } from '../logins/end-login.ts';
import type { Federation } from './federation.ts';
import { acceptFormText, formText } from './form-text.ts';
import type { Identities } from './identities.ts';
import { createProviderLogoutReader } from './provider-logout.ts';
import { providerUnavailable } from './refusals.ts';
import { UpstreamError } from './upstream-error.ts';

const schema = {
  summary: 'A person has signed out at their provider (OpenID Connect Back-Channel Logout)',
  description: 'For the provider. Ends the sessions that began with its sign-in.',
  tags: ['sessions'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  params: Type.Object({ provider: Type.String({ maxLength: 64 }) }),
};

export type ProviderLogoutRouteOptions = {
  readonly federation: Federation;
  readonly identities: Pick<Identities, 'find'>;
  readonly loginEnd: Pick<LoginEnd, 'endElsewhere'>;
  /** Counts a request for which the provider is asked, by the address that it comes from. */
  readonly admit: (address: string) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** POST /providers/:provider/backchannel-logout. Answers 200 also when nobody was signed in by it (§2.8). */
export async function providerLogoutRoute(app: Service, options: ProviderLogoutRouteOptions): Promise<void> {
  const { federation, identities, loginEnd, admit, clock } = options;
  const readProviderLogout = createProviderLogoutReader({ clock });
  acceptFormText(app);

  app.post('/providers/:provider/backchannel-logout', { schema }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const federated = federation.find(request.params.provider);
    const [token, ...others] = new URLSearchParams(formText(request)).getAll('logout_token');
    if (federated === undefined || token === undefined || others.length > 0)
      throw invalid('There must be one logout token.');
    const { id: provider } = federated.provider;
    const { issuer, subject, sid, issuedAt } = await readProviderLogout(token, {
      ...federated,
      admit: () => admit(request.ip),
    }).catch((error: unknown) => {
      if (!(error instanceof UpstreamError)) throw error;
      request.log.warn({ provider, reason: error.message }, 'a logout token was refused');
      throw error.fault === 'unavailable' ? providerUnavailable() : invalid('The logout token is not valid.');
    });
    const account = await identities.find({ issuer, subject });
    const signOut = { provider, sid, startedBy: issuedAt + 1 };
    if (account !== undefined) await loginEnd.endElsewhere(account.id, signOut, requestOrigin(request));
    return reply.send();
  });
}

function invalid(detail: string): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid_request', detail });
}
