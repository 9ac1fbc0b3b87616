import { Buffer } from 'node:buffer';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { CompactEncrypt, type JWK } from 'jose';
import type { EncryptionJwk } from '../../src/jwt/index.ts';
import { createTokenDecryption } from '../../src/key-set/token-decryption.ts';
import { createSigningKey, type TestIssuer } from '../../src/testing/index.ts';
import { decoded, encoded, segmentsOf } from '../tokens.ts';

/** A private key as a service has it in its settings. */
export function decryptionKey(): string {
  return randomBytes(32).toString('base64url');
}

export type EncryptionContext = { issuer: TestIssuer; key: EncryptionJwk };

/** A good signed token in an envelope with one fault, so that only this fault can cause the refusal. */
export type EncryptionRow = {
  name: string;
  token(context: EncryptionContext): string | Promise<string>;
  /** Which check refuses it. */
  reason: string;
};

type Envelope = {
  header?: Record<string, unknown>;
  /** Default the service's key. */
  to?: JWK | Uint8Array;
  /** Default a good token. */
  inside?: string;
};

/** Encrypts as `encryptToken` does, but for what the envelope says. */
function sealed({ issuer, key }: EncryptionContext, { header, to, inside }: Envelope = {}): Promise<string> {
  const { kty, crv, x, y } = key;
  const parameters = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', kid: key.kid, ...header };
  const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
  return new CompactEncrypt(Buffer.from(inside ?? issuer.mint()))
    .setProtectedHeader(given as typeof parameters)
    .encrypt(to ?? { kty, crv, x, y }, { crit: { exp: true, b64: true } });
}

const envelope = (name: string, reason: string, given: (context: EncryptionContext) => Envelope) =>
  ({ name, reason, token: (context) => sealed(context, given(context)) }) satisfies EncryptionRow;

const header = (name: string, reason: string, parameters: Record<string, unknown>) =>
  envelope(name, reason, () => ({ header: parameters }));

/** Changes the text of a header after the encryption. The tag covers the header, so nothing but reading can come first. */
const rewritten = (name: string, reason: string, change: (header: Record<string, unknown>) => unknown) =>
  changed(name, reason, ([first = '', ...rest]) => {
    const parameters = JSON.parse(decoded(first).toString()) as Record<string, unknown>;
    return [encoded(change(parameters)), ...rest];
  });

function changed(name: string, reason: string, change: (segments: string[]) => string[]): EncryptionRow {
  return {
    name,
    reason,
    token: async (context) => change(segmentsOf(await sealed(context))).join('.'),
  };
}

const epk = (name: string, change: (epk: Record<string, string>) => unknown) =>
  rewritten(`epk ${name}`, 'decryption', (given) => ({
    ...given,
    epk: change(given.epk as Record<string, string>),
  }));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }) as JWK;
const other = createTokenDecryption([decryptionKey()]).publicKey;
const secret = randomBytes(32);

/** The same bytes with a last character whose unused bits are not zero. */
function withUnusedBits(segment: string): string {
  const spelled = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map(
    (last) => segment.slice(0, -1) + last,
  );
  return spelled.find((text) => text !== segment && decoded(text).equals(decoded(segment))) ?? '';
}

function flipped(segment: string): string {
  const bytes = decoded(segment);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes.toString('base64url');
}

export const encryptionRows: readonly EncryptionRow[] = [
  header('zip', 'header', { zip: 'DEF' }),
  header('crit', 'header', { crit: ['exp'], exp: 1 }),
  header('jwk', 'header', { jwk: other }),
  header('jku', 'header', { jku: 'http://127.0.0.1:9/jwks.json' }),
  header('x5c', 'header', { x5c: ['MIIB'] }),
  envelope('dir', 'alg', () => ({ header: { alg: 'dir' }, to: secret })),
  envelope('A256KW', 'format', () => ({ header: { alg: 'A256KW' }, to: secret })),
  envelope('A256GCMKW', 'format', () => ({ header: { alg: 'A256GCMKW' }, to: secret })),
  envelope('RSA-OAEP-256', 'format', () => ({ header: { alg: 'RSA-OAEP-256' }, to: rsa })),
  header('ECDH-ES+A256KW', 'format', { alg: 'ECDH-ES+A256KW' }),
  ...[
    'none',
    'RSA1_5',
    'RSA-OAEP-256',
    'PBES2-HS256+A128KW',
    'ecdh-es',
    'ECDH-ES ',
    '',
    null,
    ['ECDH-ES'],
  ].map((alg) =>
    rewritten(`alg ${JSON.stringify(alg)} in the header`, 'alg', (given) => ({ ...given, alg })),
  ),
  ...['A128GCM', 'A192GCM', 'A256CBC-HS512'].map((enc) => header(`enc ${enc}`, 'enc', { enc })),
  header('cty missing', 'cty', { cty: undefined }),
  header('cty JWE', 'cty', { cty: 'JWE' }),
  header('cty at+jwt', 'cty', { cty: 'at+jwt' }),
  header('kid missing', 'kid', { kid: undefined }),
  header('kid with ../', 'kid', { kid: '../../dev/null' }),
  header('kid of no key', 'unknown decryption key', { kid: 'unknown' }),
  header('kid __proto__', 'unknown decryption key', { kid: '__proto__' }),
  envelope('encrypted to the key of another service', 'unknown decryption key', () => ({
    to: other,
    header: { kid: other.kid },
  })),
  envelope('the same, with our kid', 'decryption', () => ({ to: other })),
  changed('a header with a duplicate name', 'json', ([first = '', ...rest]) => [
    encoded(decoded(first).toString().replace('{', '{"alg":"dir",')),
    ...rest,
  ]),
  rewritten('a header that is an array', 'json', (given) => [given]),
  rewritten('apu added', 'decryption', (given) => ({ ...given, apu: 'QWxpY2U' })),
  rewritten('epk missing', 'decryption', ({ epk: _, ...rest }) => rest),
  epk('not on the curve', ({ x = '', ...rest }) => ({ ...rest, x: flipped(x) })),
  epk('on another curve', (given) => ({ ...given, crv: 'P-384' })),
  epk('zero', (given) => ({ ...given, x: 'A'.repeat(43), y: 'A'.repeat(43) })),
  epk('null', () => null),
  changed('an encrypted key where none belongs', 'format', ([first = '', _, ...rest]) => [
    first,
    'AAAA',
    ...rest,
  ]),
  changed('another iv', 'decryption', ([a = '', b = '', iv = '', ...rest]) => [a, b, flipped(iv), ...rest]),
  changed('another ciphertext', 'decryption', ([a = '', b = '', c = '', text = '', tag = '']) => [
    ...[a, b, c, flipped(text), tag],
  ]),
  changed('another tag', 'decryption', (segments) => [...segments.slice(0, 4), flipped(segments[4] ?? '')]),
  changed('a tag of 12 bytes', 'decryption', (segments) => [
    ...segments.slice(0, 4),
    decoded(segments[4] ?? '')
      .subarray(0, 12)
      .toString('base64url'),
  ]),
  changed('a tag with other unused bits', 'base64url', (segments) => [
    ...segments.slice(0, 4),
    withUnusedBits(segments[4] ?? ''),
  ]),
  changed('an empty tag', 'format', (segments) => [...segments.slice(0, 4), '']),
  changed('an empty ciphertext', 'format', ([a = '', b = '', c = '', , tag = '']) => [a, b, c, '', tag]),
  changed('padding', 'base64url', (segments) => [...segments.slice(0, 4), `${segments[4]}==`]),
  { name: 'only dots', reason: 'format', token: () => '....' },
  {
    name: 'JSON serialization',
    reason: 'format',
    async token(context) {
      const [first, , iv, ciphertext, tag] = segmentsOf(await sealed(context));
      return JSON.stringify({ protected: first, iv, ciphertext, tag });
    },
  },
  {
    name: 'an encrypted token inside an encrypted one',
    reason: 'format',
    token: async (context) => sealed(context, { inside: await sealed(context) }),
  },
  envelope('claims that nobody signed', 'format', ({ issuer }) => ({
    inside: decoded(segmentsOf(issuer.mint())[1] ?? '').toString(),
  })),
  envelope('a token of alg none inside', 'format', ({ issuer }) => ({
    inside: `${encoded({ alg: 'none', typ: 'at+jwt' })}.${segmentsOf(issuer.mint())[1]}.`,
  })),
  {
    name: 'a token inside that somebody else signed, with the kid of the issuer',
    reason: 'signature',
    async token(context) {
      const { issuer } = context;
      const [first = '', second = ''] = segmentsOf(issuer.mint());
      const { sign } = await createSigningKey();
      return sealed(context, { inside: sign(decoded(first), decoded(second)) });
    },
  },
  envelope('a token of another kind inside', 'typ', ({ issuer }) => ({
    inside: issuer.mint({ header: { typ: 'JWT' } }),
  })),
  envelope('a token for another service inside', 'aud', ({ issuer }) => ({
    inside: issuer.mint({ audience: 'payment-service' }),
  })),
  envelope('bytes that are not ASCII inside', 'base64url', ({ issuer }) => ({ inside: `${issuer.mint()}é` })),
  envelope('over 8 KB, though what is inside is not', 'length', ({ issuer }) => ({
    inside: issuer.mint({ claims: { note: 'x'.repeat(4000) } }),
  })),
];
