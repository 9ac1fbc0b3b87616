import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { ConfigError } from '@latchkey/service-kit';

const currentFormat = 'v1';
const keyBytes = 32;
/** 96 bits, the only nonce size that GCM uses without hashing it (NIST SP 800-38D §5.2.1.1). */
const nonceBytes = 12;
const tagBytes = 16;
const keyIdCharacters = 11;

/** Encrypts private keys at rest, under keys that are never in the database. */
export type KeyEncryption = {
  /** The id of the key that encrypts. It is derived from the key, so it needs no configuration. */
  readonly currentId: string;
  /** The result can only be decrypted with the same label, so database rows cannot be swapped. */
  encrypt(plain: Buffer, label: string): string;
  /** @throws KeyEncryptionError when no configured key matches, or the text was changed */
  decrypt(encrypted: string, label: string): Buffer;
  /** Derives 32 bytes for another purpose, which reveal nothing about the key (HKDF, RFC 5869). */
  deriveKey(purpose: string): Buffer;
};

export class KeyEncryptionError extends ConfigError {
  constructor(fault: string) {
    super([fault]);
  }
}

/**
 * Reads KEY_ENCRYPTION_KEY: one or more keys of 32 bytes in base64url, separated by commas. The first key encrypts, all
 * of them decrypt. To change the key, add the new one after the old one at every replica. Then put it first at every
 * replica; each re-encrypts the signing keys when it starts. Then remove the old one.
 *
 * @throws KeyEncryptionError naming the fault, never the value
 * @example
 * const encryption = parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY);
 */
export function parseKeyEncryptionKeys(text: string): KeyEncryption {
  const keys = text.split(',').map((part, index) => {
    const key = Buffer.from(part.trim(), 'base64url');
    if (key.length === keyBytes && key.toString('base64url') === part.trim().replace(/=+$/, '')) return key;
    throw new KeyEncryptionError(
      `KEY_ENCRYPTION_KEY: key ${index + 1} is not ${keyBytes} bytes in base64url. ` +
        'Make one by: openssl rand -base64 32 | tr +/ -_ | tr -d =',
    );
  });
  return createKeyEncryption(keys);
}

function createKeyEncryption(keys: readonly Buffer[]): KeyEncryption {
  const byId = new Map(keys.map((key) => [idOf(key), key]));
  const [current] = keys;
  if (current === undefined) throw new KeyEncryptionError('KEY_ENCRYPTION_KEY is empty.');
  const currentId = idOf(current);

  return {
    currentId,
    encrypt(plain, label) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', current, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(label));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return [currentFormat, currentId, nonce.toString('base64url'), sealed.toString('base64url')].join('.');
    },
    decrypt(encrypted, label) {
      const [format, keyId = '', nonceText = '', sealedText = ''] = encrypted.split('.');
      if (format !== currentFormat)
        throw new KeyEncryptionError(`${label} is encrypted in an unknown format.`);
      const key = byId.get(keyId);
      if (key === undefined) throw wrongKey(label, keyId, [...byId.keys()]);
      const sealed = Buffer.from(sealedText, 'base64url');
      const nonce = Buffer.from(nonceText, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(label));
        decipher.setAuthTag(sealed.subarray(-tagBytes));
        return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
      } catch (cause) {
        const error = new KeyEncryptionError(
          `${label} was changed in the database, or moved there from another row.`,
        );
        error.cause = cause;
        throw error;
      }
    },
    deriveKey: (purpose) => Buffer.from(hkdfSync('sha256', current, '', `latchkey ${purpose}`, keyBytes)),
  };
}

/** The label that the encryption of a signing key's private half is bound to. */
export function privateKeyLabel(kid: string): string {
  return `signing key ${kid}`;
}

function idOf(key: Buffer): string {
  return createHmac('sha256', key).update('latchkey key id').digest('base64url').slice(0, keyIdCharacters);
}

function wrongKey(label: string, keyId: string, known: readonly string[]): KeyEncryptionError {
  return new KeyEncryptionError(
    `KEY_ENCRYPTION_KEY does not fit this database: ${label} is encrypted under key ${keyId}, ` +
      `and the setting holds ${known.join(', ')}. Put the key with that id back (after a comma, if it was replaced).`,
  );
}
