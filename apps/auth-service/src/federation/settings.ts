import { createPrivateKey } from 'node:crypto';
import { faultOfEnds, faultOfUrl } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { defaultGraphVersion, type PresetName, presetNames, presets } from './presets.ts';
import { type Provider, type ProviderSecret, providerAuthMethods, providerIdPattern } from './provider.ts';

const text = Type.String({ minLength: 1, maxLength: 4096 });

const providerSchema = Type.Object(
  {
    id: Type.String({ pattern: providerIdPattern }),
    preset: Type.Optional(Type.Enum([...presetNames])),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    issuer: Type.Optional(text),
    client_id: text,
    client_secret: Type.Optional(text),
    token_endpoint_auth_method: Type.Optional(Type.Enum([...providerAuthMethods])),
    scope: Type.Optional(Type.String({ maxLength: 256 })),
    /** Of Apple, which has us sign the secret. */
    team_id: Type.Optional(text),
    key_id: Type.Optional(text),
    private_key: Type.Optional(text),
    graph_version: Type.Optional(Type.String({ pattern: '^v\\d{1,3}\\.\\d$' })),
    reached_at: Type.Optional(Type.Record(text, text)),
  },
  { additionalProperties: false },
);

const settingSchema = Type.Array(providerSchema, { maxItems: 20 });

type Setting = Static<typeof providerSchema>;

/**
 * What is wrong with an id or a secret that came as a variable. None of the presets puts quotation marks around one, and
 * docker's --env-file keeps those that somebody wrote.
 */
export function faultOfCredential(text: string): string | undefined {
  return faultOfEnds(text) ?? (/^(["']).*\1$/.test(text) ? 'there are quotation marks around it' : undefined);
}

/**
 * Reads the setting IDENTITY_PROVIDERS, and the shorthand for presets: GOOGLE_CLIENT_ID with GOOGLE_CLIENT_SECRET.
 * `isProduction`: then every address must be https.
 *
 * @throws Error naming the fault, and no secret
 */
export function parseProviders(
  json: string,
  shorthand: ReadonlyMap<PresetName, { readonly clientId: string; readonly secret: string }>,
  { isProduction }: { readonly isProduction: boolean },
): readonly Provider[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new Error('it is not JSON');
  }
  if (!Check(settingSchema, parsed)) {
    const path = Errors(settingSchema, parsed)[0]?.instancePath ?? '';
    throw new Error(`it is not a list of providers${path === '' ? '' : ` (see ${path})`}`);
  }
  const short = [...shorthand].map(([preset, { clientId, secret }]): Setting => {
    return { id: preset, preset, client_id: clientId, client_secret: secret };
  });
  const providers = [...parsed, ...short].map((setting) => providerOf(setting, isProduction));
  const ids = new Set(providers.map(({ id }) => id));
  if (ids.size !== providers.length) throw new Error('two providers have the same id');
  return providers;
}

function providerOf(setting: Setting, isProduction: boolean): Provider {
  const { id, name } = setting;
  const fail = (fault: string) => new Error(`${id}: ${fault}`);
  const preset = setting.preset === undefined ? undefined : presets[setting.preset];
  const issuer = setting.issuer ?? preset?.issuer;
  if (issuer === undefined) throw fail('it needs an issuer, or a preset');
  if (setting.issuer !== undefined && preset?.oauth !== undefined) throw fail('its issuer cannot be set');
  const fault = faultOfUrl(issuer, 'base');
  if (fault !== undefined) throw fail(`its issuer is not valid: ${fault}`);
  if (isProduction && !isSecure(issuer)) throw fail('its issuer must be https in production');
  const shown = name ?? preset?.name;
  if (shown === undefined) throw fail('it needs a name');
  for (const member of ['client_id', 'client_secret', 'team_id', 'key_id'] as const) {
    const wrong = faultOfEnds(setting[member] ?? '');
    if (wrong !== undefined) throw fail(`its ${member} is not valid: ${wrong}`);
  }
  const reached = Object.entries(setting.reached_at ?? {});
  if (reached.some(([origin]) => faultOfUrl(origin, 'origin') !== undefined))
    throw fail('reached_at names what is no origin');
  if (reached.some(([, address]) => faultOfUrl(address, 'base') !== undefined))
    throw fail('reached_at has an address that is not valid');
  const scope = setting.scope ?? preset?.scope ?? 'openid profile';
  if (preset?.oauth === undefined && !scope.split(' ').includes('openid'))
    throw fail('its scope needs openid, or there is no ID token');
  const graphVersion = setting.graph_version ?? defaultGraphVersion;
  return {
    id,
    name: shown,
    labels:
      name === undefined && preset !== undefined
        ? preset.labels
        : { en: `Continue with ${shown}`, ko: `${shown} 계정으로 계속하기` },
    look: setting.preset ?? 'other',
    issuer,
    clientId: setting.client_id,
    secret: secretOf(setting, fail),
    authMethod: setting.token_endpoint_auth_method ?? preset?.authMethod,
    scope,
    canReauthenticate: preset?.canReauthenticate ?? true,
    responseMode: preset?.responseMode ?? 'query',
    oauth: preset?.oauth?.({ graphVersion }),
    reachedAt: setting.reached_at ?? {},
  };
}

/** Or on this machine, as in compose. */
function isSecure(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** Apple wants ES256. */
function isP256(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

function secretOf(setting: Setting, fail: (fault: string) => Error): ProviderSecret {
  const { client_secret: secret, team_id: teamId, key_id: keyId, private_key: privateKey } = setting;
  if (setting.preset !== 'apple') {
    if (secret === undefined) throw fail('it needs a client_secret');
    return { kind: 'secret', secret };
  }
  if (teamId === undefined || keyId === undefined || privateKey === undefined)
    throw fail('it needs team_id, key_id and private_key instead of a secret');
  if (!isP256(privateKey)) throw fail('its private_key is no PEM of a P-256 key');
  return { kind: 'apple', teamId, keyId, privateKey };
}
