import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevStackError } from '../errors.ts';

export type Secrets = {
  /** kid:base64url of 32 bytes; see auth-service's REFRESH_TOKEN_KEYS. */
  refreshTokenKeys: string;
  /** base64url of 32 bytes; see auth-service's KEY_ENCRYPTION_KEY. */
  keyEncryptionKey: string;
  /** base64url of 32 bytes; see payment-service's FINGERPRINT_KEY. */
  fingerprintKey: string;
};

/**
 * The secrets of this stack: made at the first start, kept with the data that they protect, readable by their owner.
 *
 * @throws DevStackError when the file is damaged; making new ones would make the data unreadable
 */
export function loadSecrets(directory: string): Secrets {
  const file = join(directory, 'secrets.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return makeSecrets(file);
  }
  const secrets = parse(text);
  if (secrets === undefined)
    throw new DevStackError(`${file} is damaged: restore it, or empty everything by npm run reset.`);
  return secrets;
}

function parse(text: string): Secrets | undefined {
  try {
    const secrets = JSON.parse(text) as Partial<Record<string, unknown>>;
    const names: (keyof Secrets)[] = ['refreshTokenKeys', 'keyEncryptionKey', 'fingerprintKey'];
    if (names.every((name) => typeof secrets[name] === 'string')) return secrets as Secrets;
  } catch {
    // Damaged, as below.
  }
  return undefined;
}

function makeSecrets(file: string): Secrets {
  const key = () => randomBytes(32).toString('base64url');
  const secrets = { refreshTokenKeys: `r1:${key()}`, keyEncryptionKey: key(), fingerprintKey: key() };
  // Written beside and moved: a full disk leaves no half of a file.
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}
