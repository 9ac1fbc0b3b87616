import { Buffer } from 'node:buffer';
import { constants, createHash, privateEncrypt, sign } from 'node:crypto';
import {
  decoded,
  encoded,
  goodClaims,
  goodHeader,
  type RefusalContext,
  type RefusalRow,
  segmentsOf,
} from '../tokens.ts';

// Signatures over a valid header and payload, each with one fault (after Wycheproof's RSASSA-PKCS1-v1_5 vectors). The
// private key exponentiates a faulty encoded message, so a lenient verifier accepts them.

const modulusBytes = 256;
const sha256Info = '3031300d060960864801650304020105000420';

type Encoding = {
  info?: string;
  hash?: (input: string) => Buffer;
  blockType?: number;
  padding?: (length: number) => Buffer;
  separator?: number;
  trailing?: Buffer;
};

function encodedMessage(input: string, encoding: Encoding): Buffer {
  const {
    info = sha256Info,
    hash = sha256,
    blockType = 1,
    separator = 0,
    trailing = Buffer.alloc(0),
  } = encoding;
  const { padding = (length: number) => Buffer.alloc(length, 0xff) } = encoding;
  const digestInfo = Buffer.concat([Buffer.from(info, 'hex'), hash(input), trailing]);
  const filler = padding(modulusBytes - 3 - digestInfo.length);
  const message = Buffer.concat([Buffer.from([0, blockType]), filler, Buffer.from([separator]), digestInfo]);
  if (message.length !== modulusBytes) throw new Error(`encoded message of ${message.length} bytes`);
  return message;
}

function sha256(input: string): Buffer {
  return createHash('sha256').update(input).digest();
}

function exponentiated({ issuer }: RefusalContext, message: Buffer): Buffer {
  return privateEncrypt({ key: issuer.signingKey.privateKey, padding: constants.RSA_NO_PADDING }, message);
}

function inputOf(context: RefusalContext): string {
  return `${encoded(goodHeader(context))}.${encoded(goodClaims(context))}`;
}

function forged(name: string, encoding: Encoding): RefusalRow {
  return {
    name: `signature: ${name}`,
    token(context) {
      const input = inputOf(context);
      return `${input}.${exponentiated(context, encodedMessage(input, encoding)).toString('base64url')}`;
    },
  };
}

function reshaped(name: string, reshape: (signature: Buffer, context: RefusalContext) => Buffer): RefusalRow {
  return {
    name: `signature: ${name}`,
    token(context) {
      const token = context.issuer.mint();
      const [header, payload, signature = ''] = segmentsOf(token);
      return `${header}.${payload}.${reshape(decoded(signature), context).toString('base64url')}`;
    },
  };
}

function withByte(at: number, byte: number): (length: number) => Buffer {
  return (length) => {
    const filler = Buffer.alloc(length, 0xff);
    filler[at < 0 ? length + at : at] = byte;
    return filler;
  };
}

/** Made the same way without a fault. It proves that the rows below are refused for their faults. */
export const soundSignature = forged('none', {});

export const signatureRows: readonly RefusalRow[] = [
  forged('hash of something else', { hash: (input) => sha256(`${input}.`) }),
  forged('hash all zero', { hash: () => Buffer.alloc(32) }),
  forged('SHA-512 with its own DigestInfo', {
    info: '3051300d060960864801650304020305000440',
    hash: (input) => createHash('sha512').update(input).digest(),
  }),
  forged('SHA-1 with its own DigestInfo', {
    info: '3021300906052b0e03021a05000414',
    hash: (input) => createHash('sha1').update(input).digest(),
  }),
  forged('SHA-384 named, SHA-256 given', { info: '3031300d060960864801650304020205000420' }),
  forged('no DigestInfo at all', { info: '' }),
  forged('missing NULL', { info: '302f300b0609608648016503040201' + '0420' }),
  forged('NULL replaced', { info: '3031300d060960864801650304020105010420' }),
  forged('NULL of length 1', { info: '3032300e06096086480165030402010501000420' }),
  forged('NULL with a long-form length', { info: '3032300e06096086480165030402010581000420' }),
  forged('long-form length of the sequence', { info: '308131300d060960864801650304020105000420' }),
  forged('long-form length of the algorithm', { info: '303230810d060960864801650304020105000420' }),
  forged('long-form length of the identifier', { info: '3032300e06810960864801650304020105000420' }),
  forged('long-form length of the digest', { info: '3032300d06096086480165030402010500048120' }),
  forged('two-byte long-form length', { info: '30820031300d060960864801650304020105000420' }),
  forged('indefinite length', {
    info: '3080300d060960864801650304020105000420',
    trailing: Buffer.from([0, 0]),
  }),
  forged('garbage after the parameters', { info: '3033300f0609608648016503040201050005000420' }),
  forged('garbage after the DigestInfo, its length adjusted', {
    info: '3033300d060960864801650304020105000420',
    trailing: Buffer.from([5, 0]),
  }),
  forged('garbage after the digest', { trailing: Buffer.alloc(8, 0xab) }),
  forged('padding of eight bytes, the rest garbage (as with e = 3)', {
    padding: () => Buffer.alloc(8, 0xff),
    trailing: Buffer.alloc(modulusBytes - 3 - 8 - 19 - 32, 0xab),
  }),
  forged('no padding, the rest garbage (as with e = 3)', {
    padding: () => Buffer.alloc(0),
    trailing: Buffer.alloc(modulusBytes - 3 - 19 - 32, 0),
  }),
  forged('first padding byte wrong', { padding: withByte(0, 0xfe) }),
  forged('last padding byte wrong', { padding: withByte(-1, 0x7f) }),
  forged('a zero within the padding', { padding: withByte(20, 0) }),
  forged('padding of zeros', { padding: (length) => Buffer.alloc(length, 0) }),
  forged('padding of random bytes, as for encryption', {
    blockType: 2,
    padding: (length) => Buffer.alloc(length, 0x5a),
  }),
  forged('block type 0', { blockType: 0 }),
  forged('block type 2', { blockType: 2 }),
  forged('separator not zero', { separator: 0xff }),
  {
    name: 'signature: block that begins with 1',
    token(context) {
      const input = inputOf(context);
      const message = encodedMessage(input, {});
      // Still below the modulus, whose first bit is set.
      message[0] = 1;
      return `${input}.${exponentiated(context, message).toString('base64url')}`;
    },
  },
  reshaped('zero', () => Buffer.alloc(modulusBytes, 0)),
  reshaped('one', () => Buffer.concat([Buffer.alloc(modulusBytes - 1, 0), Buffer.from([1])])),
  reshaped('modulus', (_signature, { issuer }) => decoded(issuer.signingKey.jwk.n)),
  reshaped('modulus − 1', (_signature, { issuer }) =>
    bytesOf(numberOf(decoded(issuer.signingKey.jwk.n)) - 1n, modulusBytes),
  ),
  reshaped('n − s', (signature, { issuer }) =>
    bytesOf(numberOf(decoded(issuer.signingKey.jwk.n)) - numberOf(signature), modulusBytes),
  ),
  reshaped('a byte longer: s + n', (signature, { issuer }) =>
    bytesOf(numberOf(decoded(issuer.signingKey.jwk.n)) + numberOf(signature), modulusBytes + 1),
  ),
  reshaped('leading zero byte', (signature) => Buffer.concat([Buffer.from([0]), signature])),
  reshaped('trailing zero byte', (signature) => Buffer.concat([signature, Buffer.from([0])])),
  reshaped('first byte cut off', (signature) => signature.subarray(1)),
  reshaped('last byte cut off', (signature) => signature.subarray(0, -1)),
  reshaped('one bit flipped', (signature) => {
    const flipped = Buffer.from(signature);
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    return flipped;
  }),
  reshaped('bytes reversed', (signature) => Buffer.from(signature).reverse()),
  {
    name: 'signature: s + n that fits the length',
    token(context) {
      // s + n < 2^2048 holds for some signatures only: about one in three with most moduli, next to none with a few.
      const modulus = numberOf(decoded(context.issuer.signingKey.jwk.n));
      let row = '';
      for (let attempt = 0; attempt < 400; attempt += 1) {
        const input = `${encoded(goodHeader(context))}.${encoded({ ...goodClaims(context), jti: `attempt-${attempt}` })}`;
        const signature = sign('sha256', Buffer.from(input), context.issuer.signingKey.privateKey);
        const sum = numberOf(signature) + modulus;
        row = `${input}.${bytesOf(sum, modulusBytes).toString('base64url')}`;
        if (sum < 1n << BigInt(modulusBytes * 8)) break;
      }
      return row;
    },
  },
];

function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function bytesOf(number: bigint, length: number): Buffer {
  return Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex');
}
