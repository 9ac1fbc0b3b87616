import type { Service } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { Applications } from '../clients/applications.ts';
import { faultOfRegistration, keptName, registrationFields } from '../clients/registration.ts';
import { applicationScopes } from '../permissions/resource-servers.ts';
import { parseScope } from '../permissions/scope.ts';

const uri = Type.String({ maxLength: 2048 });
const uris = Type.Array(uri, { maxItems: 10 });

const metadata = {
  redirect_uris: Type.Array(uri, { minItems: 1, maxItems: 10 }),
  client_name: Type.Optional(registrationFields.name),
  scope: Type.Optional(Type.String({ maxLength: 1024 })),
  token_endpoint_auth_method: Type.Optional(Type.Enum(['none', 'client_secret_basic'])),
  post_logout_redirect_uris: Type.Optional(uris),
  subject_type: Type.Optional(Type.Enum(['public', 'pairwise'])),
  dpop_bound_access_tokens: Type.Optional(Type.Boolean()),
  grant_types: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 10 })),
  response_types: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 10 })),
};

const registrationErrorSchema = Type.Object({ error: Type.String(), error_description: Type.String() });

const requestSchema = Type.Object(metadata, { additionalProperties: true });

const schema = {
  summary: 'Register an application (RFC 7591)',
  description:
    'Only where CLIENT_REGISTRATION is anybody. People see its name and where it returns to, and consent.',
  tags: ['clients'],
  security: [],
  body: requestSchema,
  response: {
    201: Type.Object({
      client_id: Type.String(),
      client_id_issued_at: Type.Integer({ description: 'Seconds since 1970.' }),
      client_secret: Type.Optional(Type.String()),
      client_secret_expires_at: Type.Optional(Type.Integer({ description: '0: it does not expire.' })),
      ...metadata,
    }),
    400: registrationErrorSchema,
    429: registrationErrorSchema,
  },
};

/** RFC 7591 §3.2.2. */
class RegistrationError extends Error {
  readonly code: 'invalid_redirect_uri' | 'invalid_client_metadata';
  readonly status = 400;

  constructor(code: RegistrationError['code'], description: string) {
    super(description);
    this.name = 'RegistrationError';
    this.code = code;
  }
}

export type ClientRegistrationOptions = {
  readonly applications: Pick<Applications, 'register'>;
  /** Counts a registration, by the address that it comes from. */
  readonly admit: (address: string) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** POST /register: an application registers itself, without authentication. */
export async function clientRegistrationRoute(
  app: Service,
  options: ClientRegistrationOptions,
): Promise<void> {
  const { applications, admit, clock } = options;
  app.answerErrorsAs('/register', ({ status, code, detail }) => {
    if (status >= 500) return undefined;
    const error = code === 'invalid_redirect_uri' ? code : 'invalid_client_metadata';
    // A wrong content type, too (RFC 7591 §3.2.2).
    const answered = status === 415 ? 400 : status;
    return { status: answered, body: { error, error_description: detail ?? 'The request is malformed.' } };
  });

  app.post('/register', { schema }, async (request, reply) => {
    const application = applicationOf(request.body);
    await admit(request.ip);
    const { client, secret } = await applications.register(application, requestOrigin(request));
    reply.code(201).header('cache-control', 'no-store');
    return {
      client_id: client.id,
      client_id_issued_at: Math.floor(clock() / 1000),
      ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
      client_name: client.name,
      redirect_uris: [...client.redirectUris],
      scope: client.scopes.join(' '),
      token_endpoint_auth_method: application.method,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      post_logout_redirect_uris: [...client.postLogoutRedirectUris],
      subject_type: application.isPairwise ? ('pairwise' as const) : ('public' as const),
      dpop_bound_access_tokens: client.isBoundOnly,
    };
  });
}

/** Members for which we would call an address that a stranger chose. An operator can register them. */
const refusedMembers = ['jwks_uri', 'backchannel_logout_uri'];

/** Throws RegistrationError. What we do not support is replaced, and the answer says by what (RFC 7591 §2). */
function applicationOf(body: Static<typeof requestSchema>) {
  const { redirect_uris: redirectUris, token_endpoint_auth_method: method = 'client_secret_basic' } = body;
  const refused = refusedMembers.find((name) => Object.hasOwn(body, name));
  if (refused !== undefined)
    throw new RegistrationError('invalid_client_metadata', `Only an operator can register ${refused}.`);
  const application = {
    name: keptName(body.client_name ?? 'An application without a name'),
    redirectUris,
    postLogoutRedirectUris: body.post_logout_redirect_uris ?? [],
    backchannelLogoutUri: null,
    // A stranger's image would tell them who opens our pages. What we do not support is left out (RFC 7591 §2).
    logoUri: null,
    isPairwise: body.subject_type === 'pairwise',
    isBoundOnly: body.dpop_bound_access_tokens ?? false,
    method,
    jwksUri: undefined,
    scopes: scopesOf(body.scope),
  };
  const fault = faultOfRegistration(application);
  if (fault === undefined) return application;
  throw new RegistrationError(
    fault.startsWith('Redirect URI') ? 'invalid_redirect_uri' : 'invalid_client_metadata',
    fault,
  );
}

function scopesOf(scope: string | undefined): readonly string[] {
  const asked = scope === undefined ? ['openid', 'profile'] : parseScope(scope);
  const scopes = asked?.filter((name) => applicationScopes.includes(name)) ?? [];
  if (scopes.length === 0)
    throw new RegistrationError(
      'invalid_client_metadata',
      'scope names nothing that applications can ask for.',
    );
  return scopes;
}
