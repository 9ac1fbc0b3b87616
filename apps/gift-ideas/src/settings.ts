import { readFileSync } from 'node:fs';

export type Settings = ReturnType<typeof readSettings>;

/**
 * Reads the settings from the environment. PORT, HOST and PROVIDER_URL have a default.
 *
 * @throws Error naming every fault at once, without repeating a value
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>) {
  const faults: string[] = [];
  const text = (name: string, isValid: (value: string) => boolean, expected: string): string => {
    const value = env[name] ?? '';
    if (!isValid(value)) faults.push(`${name} is ${value === '' ? 'missing' : 'not valid'} (${expected})`);
    return value;
  };
  const secretFile = env['CLIENT_SECRET_FILE'] || undefined;
  const issuer = text('ISSUER', isPrivate, 'the URL of the OpenID provider: https, or http://localhost:…');
  const settings = {
    port: Number(env['PORT'] ?? 3001),
    host: env['HOST'] || '127.0.0.1',
    /** Our own origin, as browsers see it. */
    publicUrl: text(
      'PUBLIC_URL',
      (url) => isOrigin(url) && isPrivate(url),
      'our origin: https, or http://localhost:…',
    ),
    issuer,
    /** Where this server reaches the provider, when that is not where browsers do: the origin of a private network. */
    providerUrl: env['PROVIDER_URL']
      ? text('PROVIDER_URL', isOrigin, 'an origin, without a slash at its end')
      : originOf(issuer),
    clientId: text('CLIENT_ID', Boolean, 'as the provider knows us'),
    clientSecret:
      secretFile === undefined
        ? text('CLIENT_SECRET', Boolean, 'or name its file by CLIENT_SECRET_FILE')
        : read(secretFile),
    wishlistUrl: text('WISHLIST_URL', isOrigin, 'an origin, without a slash at its end'),
    cartUrl: text('CART_URL', isOrigin, 'an origin, without a slash at its end'),
  };
  if (!Number.isInteger(settings.port) || settings.port < 0 || settings.port > 65_535)
    faults.push('PORT is not valid (0 to 65535)');
  if (secretFile !== undefined && settings.clientSecret === '')
    faults.push('CLIENT_SECRET_FILE is not valid (a file that can be read, with the secret)');
  if (faults.length > 0) throw new Error(`the settings are not valid:\n  - ${faults.join('\n  - ')}`);
  return settings;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}

function isOrigin(url: string): boolean {
  return URL.canParse(url) && new URL(url).origin === url && url.startsWith('http');
}

/** Passwords, codes and tokens go there: encrypted, or within this machine. */
function isPrivate(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname))
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
