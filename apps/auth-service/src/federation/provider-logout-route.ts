import { ProblemError, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { AuditLog } from '../audit/audit-log.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import type { LoginStore, SessionOfLogin } from '../logins/login-store.ts';
import type { Federation } from './federation.ts';
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
  readonly logins: Pick<LoginStore, 'endOf'>;
  /** Tells applications that these sessions have ended. */
  readonly announce: (ended: readonly SessionOfLogin[]) => void;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Counts a request for which the provider is asked, by the address that it comes from. */
  readonly admit: (address: string) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** POST /providers/:provider/backchannel-logout. Answers 200 also when nobody was signed in by it (§2.8). */
export async function providerLogoutRoute(app: Service, options: ProviderLogoutRouteOptions): Promise<void> {
  const { federation, identities, logins, announce, audit, admit, clock } = options;
  const readProviderLogout = createProviderLogoutReader({ clock });
  app.removeAllContentTypeParsers();
  const form = { parseAs: 'string', bodyLimit: 16 * 1024 } as const;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    form,
    async (_: unknown, body: string) => body,
  );

  app.post('/providers/:provider/backchannel-logout', { schema }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const federated = federation.find(request.params.provider);
    const token = new URLSearchParams(String(request.body ?? '')).get('logout_token');
    if (federated === undefined || token === null) throw invalid('There is no logout token.');
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
    if (account === undefined) return reply.send();
    const reason = 'signed_out_at_provider';
    const ended = await logins.endOf(account.id, { provider, sid, startedBy: issuedAt + 1 }, reason);
    announce(ended);
    for (const { sessionId, clientId, hasEnded } of ended) {
      if (!hasEnded) continue;
      const of = { subject: account.id, sessionId, clientId, ...requestOrigin(request) };
      audit.record({ event: 'session.ended', ...of, details: { reason, provider } });
    }
    return reply.send();
  });
}

function invalid(detail: string): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid_request', detail });
}
