import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { services, verifierKeys } from '@latchkey/services';
import { DevStackError } from '../errors.ts';

/**
 * By the setting that takes it: REFRESH_TOKEN_KEYS of auth-service, and each that a service's entry names. And the
 * secret of gift-ideas.
 */
export type Secrets = Readonly<Record<string, string>>;

const ofAuth = ['REFRESH_TOKEN_KEYS', ...services.auth.secrets];
const settings = [
  ...ofAuth,
  ...verifierKeys.flatMap((key) => services[key].secrets),
  // With which gift-ideas proves to auth-service who it is.
  'GIFT_IDEAS_SECRET',
];

/**
 * The secrets of this stack. They are created at the first start (a new part's own, at its first start) and kept with
 * the data that they protect, readable only by their owner.
 *
 * @throws DevStackError if the file is damaged; new secrets would make the data unreadable
 */
export function loadSecrets(directory: string): Secrets {
  const file = join(directory, 'secrets.json');
  const kept = readKept(file);
  const made = settings.filter((name) => kept?.[memberOf(name)] === undefined);
  const all = { ...kept, ...Object.fromEntries(made.map((name) => [memberOf(name), makeSecret(name)])) };
  if (made.length > 0) {
    // Written to a temporary file and moved, so that a full disk leaves no partial file.
    writeFileSync(`${file}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return Object.fromEntries(settings.map((name) => [name, all[memberOf(name)] ?? '']));
}

/** What the file has, by its own names; undefined when there is none. */
function readKept(file: string): Readonly<Record<string, string>> | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<string, unknown>>;
    const isWhole = ofAuth.every((name) => memberOf(name) in kept);
    if (isWhole && Object.values(kept).every((secret) => typeof secret === 'string'))
      return kept as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new DevStackError(`${file} is damaged: restore it, or empty everything by npm run reset.`);
}

function makeSecret(setting: string): string {
  const key = randomBytes(32).toString('base64url');
  return setting === 'REFRESH_TOKEN_KEYS' ? `r1:${key}` : key;
}

/** Its name in the file: keyEncryptionKey for KEY_ENCRYPTION_KEY. */
function memberOf(setting: string): string {
  return setting.toLowerCase().replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
