/** The parameters and the result of an argon2id hash. */
export type Argon2Hash = {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
};

// Version 19 (0x13) is the version of RFC 9106, and the only one in use.
const shape =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,9}),t=([1-9]\d{0,4}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;

/**
 * Writes a hash in the PHC string format, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, which other argon2 programs can read.
 * https://github.com/P-H-C/phc-string-format
 */
export function writePhcString(hash: Argon2Hash): string {
  const { memoryKiB, passes, parallelism } = hash;
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${encode(hash.salt)}$${encode(hash.hash)}`;
}

/** @throws Error when it is not an argon2id hash of version 19; the message does not quote it */
export function readPhcString(text: string): Argon2Hash {
  const [, memory, passes, parallelism, salt, hash] = shape.exec(text) ?? [];
  if (salt === undefined || hash === undefined)
    throw new Error('A stored password hash is not an argon2id PHC string.');
  return {
    memoryKiB: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
