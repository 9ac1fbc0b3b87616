import crypto, { timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { passwordText } from './password-text.ts';
import { type Argon2Hash, readPhcString, writePhcString } from './phc-string.ts';

/** OWASP's and ASVS 5.0's least for argon2id: 19 MiB, two passes, one lane. About 30 ms of one core. */
export const ARGON2_COST = { memoryKiB: 19_456, passes: 2, parallelism: 1 } as const;

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** argon2id: the password's bytes, a salt and a cost in, `hashBytes` bytes out. */
export type Derive = (
  password: Buffer,
  recipe: Omit<Argon2Hash, 'hash'> & { readonly hashBytes: number },
) => Promise<Buffer>;

export type PasswordHasher = {
  /** A PHC string. @throws RangeError for a text that passwordFault refuses as too long or not text */
  hash(password: string): Promise<string>;
  /**
   * Says whether the password is the one of the stored hash. Without a stored hash (nobody has that name) it does
   * the same work and says no.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** Says whether a stored hash was made at another cost than today's. */
  needsRehash(stored: string): boolean;
};

/**
 * Password hashing by node:crypto's argon2id. The work is done in libuv's pool; how many run at a time is the
 * caller's affair (see concurrency-limit.ts).
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
    const recipe = { ...ARGON2_COST, salt: randomBytes(SALT_BYTES) };
    const derived = await derive(Buffer.from(text), { ...recipe, hashBytes: HASH_BYTES });
    return writePhcString({ ...recipe, hash: derived });
  }

  // Nobody's password. An unknown name is checked against it, at the same cost as a known one.
  const nobodys = await hash(randomBytes(24).toString('base64url'));

  return {
    hash,
    async verify(password, stored = nobodys) {
      const text = passwordText(password);
      // Says nothing about the account: no account has such a password.
      if (text === undefined) return false;
      const expected = readPhcString(stored);
      const derived = await derive(Buffer.from(text), { ...expected, hashBytes: expected.hash.length });
      return timingSafeEqual(derived, expected.hash) && stored !== nobodys;
    },
    needsRehash(stored) {
      const { memoryKiB, passes, parallelism, salt, hash } = readPhcString(stored);
      const cost = ARGON2_COST;
      const sameCost =
        memoryKiB === cost.memoryKiB && passes === cost.passes && parallelism === cost.parallelism;
      return !sameCost || salt.length < SALT_BYTES || hash.length !== HASH_BYTES;
    },
  };
}

function argon2id(): Derive {
  // A default import: importing a name that an older Node.js lacks would end in a SyntaxError that explains nothing.
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
