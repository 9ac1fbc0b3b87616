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
 * The secrets of this stack. They are created at the first start and kept with the data that they protect, readable
 * only by their owner.
 *
 * @throws DevStackError if the file is damaged; new secrets would make the data unreadable
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
    // Treated as damaged.
  }
  return undefined;
}

function makeSecrets(file: string): Secrets {
  const key = () => randomBytes(32).toString('base64url');
  const secrets = { refreshTokenKeys: `r1:${key()}`, keyEncryptionKey: key(), fingerprintKey: key() };
  // Written to a temporary file and moved, so that a full disk leaves no partial file.
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}
