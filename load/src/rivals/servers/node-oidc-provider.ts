// REDIS_URL=… node node-oidc-provider.ts <devices>: an authorization server with this many people signed in. GET
// /refresh-tokens returns their refresh tokens. As in ours, a refresh rotates the refresh token and yields one RS256
// access token. Whoever comes to /auth without a login is signed in as somebody new, and has allowed everything.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Provider } from 'oidc-provider';
import { audience } from '../../experiments/auth-cost/settings.ts';
import { serveMeasured } from '../../processes/serve-measured.ts';
import { redirectUri } from '../code-flow/flow.ts';
import { listening } from './listening.ts';
import { redisAdapter } from './redis-adapter.ts';

const devices = Number(process.argv[2] ?? 1);
const resource = `urn:${audience}`;
const clientId = 'app';
const scope = 'offline_access cart:read cart:write wishlist:read wishlist:write payment:read payment:write';
const shopScope = scope.replace('offline_access ', '');
const dayInSeconds = 86_400;

const redis = new Redis(process.env['REDIS_URL'] ?? '', { keyPrefix: 'rival:' });
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'key', alg: 'RS256', use: 'sig' };

const provider = new Provider('http://localhost', {
  adapter: (model) => redisAdapter(redis, model),
  jwks: { keys: [jwk] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  // The client is public, so its refresh tokens are rotated at each use.
  clients: [
    {
      client_id: clientId,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [redirectUri],
    },
  ],
  findAccount: async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  ttl: { AccessToken: 300, RefreshToken: 30 * dayInSeconds, Grant: 30 * dayInSeconds },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => resource,
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: shopScope,
        audience,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});

/** The person allows the client everything. */
async function allow(accountId: string): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(resource, shopScope);
  return grant.save();
}

/** Signs a person in, as the last page of a sign-in would. */
async function signIn(accountId: string): Promise<string> {
  const client = await provider.Client.find(clientId);
  if (client === undefined) throw new Error('The client is not known.');
  const grantId = await allow(accountId);
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId,
    gty: 'authorization_code',
    resource,
    scope,
    claims: {},
    authTime: Math.floor(Date.now() / 1000),
  });
  return token.save();
}

const refreshTokens: string[] = [];
for (let index = 0; index < devices; index += 1) refreshTokens.push(await signIn(`person-${index}`));
provider.use(async (context, next) => {
  if (context.path === '/refresh-tokens') context.body = { refreshTokens };
  else if (context.path.startsWith('/interaction/')) {
    const accountId = randomUUID();
    const result = { login: { accountId }, consent: { grantId: await allow(accountId) } };
    context.respond = false;
    await provider.interactionFinished(context.req, context.res, result);
  } else await next();
});
await serveMeasured(listening(provider.callback()));
