import crypto, { timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { passwordText } from './password-text.ts';
import { type Argon2Hash, readPhcString, writePhcString } from './phc-string.ts';

/** The minimum of OWASP and ASVS 5.0 for argon2id: 19 MiB, two passes, one lane. About 30 ms of one core. */
export const argon2Cost = { memoryKiB: 19_456, passes: 2, parallelism: 1 } as const;

const saltBytes = 16;
const hashBytes = 32;

/** argon2id: derives `hashBytes` bytes from the password's bytes, a salt and a cost. */
export type Derive = (
  password: Buffer,
  recipe: Omit<Argon2Hash, 'hash'> & { readonly hashBytes: number },
) => Promise<Buffer>;

export type PasswordHasher = {
  /** Returns a PHC string. @throws RangeError for a text that passwordFault refuses as too long or not text */
  hash(password: string): Promise<string>;
  /**
   * Returns whether the password matches the stored hash. Without a stored hash (unknown user name) it does the same
   * work and returns false.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** Whether a stored hash was made with a cost other than the current one. */
  needsRehash(stored: string): boolean;
};

/**
 * Hashes passwords with node:crypto's argon2id, in libuv's pool. Does not limit how many run at a time: the caller must
 * (see concurrency-limit.ts).
 *
 * @throws Error on Node.js before 24.7, which has no argon2
 * @example
 * const hasher = await createPasswordHasher({ randomBytes });
 * const stored = await hasher.hash('correct horse battery staple');
 */
export async function createPasswordHasher(options: {
  readonly randomBytes: (size: number) => Buffer;
  readonly derive?: Derive;
}): Promise<PasswordHasher> {
  const { randomBytes, derive = argon2id() } = options;

  async function hash(password: string): Promise<string> {
    const text = passwordText(password);
    if (text === undefined) throw new RangeError('This text cannot be a password.');
    const recipe = { ...argon2Cost, salt: randomBytes(saltBytes) };
    const derived = await derive(Buffer.from(text), { ...recipe, hashBytes: hashBytes });
    return writePhcString({ ...recipe, hash: derived });
  }

  // Passwords for unknown names are verified against this hash, at the same cost as for known names.
  const dummyHash = await hash(randomBytes(24).toString('base64url'));

  return {
    hash,
    async verify(password, stored = dummyHash) {
      const text = passwordText(password);
      // Returning early reveals nothing about the account, because no account can have such a password.
      if (text === undefined) return false;
      const expected = readPhcString(stored);
      const derived = await derive(Buffer.from(text), { ...expected, hashBytes: expected.hash.length });
      return timingSafeEqual(derived, expected.hash) && stored !== dummyHash;
    },
    needsRehash(stored) {
      const { memoryKiB, passes, parallelism, salt, hash } = readPhcString(stored);
      const cost = argon2Cost;
      const sameCost =
        memoryKiB === cost.memoryKiB && passes === cost.passes && parallelism === cost.parallelism;
      return !sameCost || salt.length < saltBytes || hash.length !== hashBytes;
    },
  };
}

function argon2id(): Derive {
  // Uses the default import, because importing a missing name fails on older Node.js with an unhelpful SyntaxError.
  if (typeof crypto.argon2 !== 'function') {
    throw new Error(`auth-service needs Node.js 24.7 or newer for argon2; this is ${process.version}.`);
  }
  const argon2 = promisify(crypto.argon2);
  return (password, { memoryKiB, passes, parallelism, salt, hashBytes }) =>
    argon2('argon2id', {
      message: password,
      nonce: salt,
      memory: memoryKiB,
      passes,
      parallelism,
      tagLength: hashBytes,
    });
}
