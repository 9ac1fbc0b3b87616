import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import {
  decoded,
  encoded,
  goodClaims,
  goodHeader,
  type RefusalContext,
  type RefusalRow,
  resigned,
  segmentsOf,
} from '../tokens.ts';
import { signatureRows } from './signature-rows.ts';

// Tokens that a service must answer with 401 invalid_token. Each is a valid token with one fault, so that only this
// fault can cause the refusal. `issuer` may be any test issuer with the service's audience.

const now = (): number => Math.floor(Date.now() / 1000);

function withHeader(name: string, changes: (context: RefusalContext) => Record<string, unknown>): RefusalRow {
  return { name, token: (context) => context.issuer.mint({ header: changes(context) }) };
}

function withClaims(name: string, changes: (context: RefusalContext) => Record<string, unknown>): RefusalRow {
  return { name, token: (context) => context.issuer.mint({ claims: changes(context) }) };
}

function withJson(
  name: string,
  json: (context: RefusalContext) => { header?: string | Buffer; payload?: string | Buffer },
): RefusalRow {
  return {
    name,
    token(context) {
      const { header = goodHeader(context), payload = goodClaims(context) } = json(context);
      return context.issuer.signingKey.sign(header, payload);
    },
  };
}

function hs256(name: string, secret: (context: RefusalContext) => string | Buffer): RefusalRow {
  return {
    name: `HS256 keyed with the public key as ${name}`,
    token(context) {
      const input = `${encoded({ ...goodHeader(context), alg: 'HS256' })}.${encoded(goodClaims(context))}`;
      return `${input}.${createHmac('sha256', secret(context)).update(input).digest('base64url')}`;
    },
  };
}

function changed(name: string, change: (token: string, context: RefusalContext) => string): RefusalRow {
  return { name, token: (context) => change(context.issuer.mint(), context) };
}

const algorithmRows: RefusalRow[] = [
  ...['none', 'None', 'NONE', 'nOnE', ' none', 'none\u0000'].flatMap((alg) => [
    changed(`alg ${JSON.stringify(alg)} with an empty signature`, (token, context) => {
      return `${encoded({ ...goodHeader(context), alg })}.${segmentsOf(token)[1]}.`;
    }),
    withHeader(`alg ${JSON.stringify(alg)} with a signature`, () => ({ alg })),
  ]),
  hs256('PEM (SPKI)', ({ issuer }) => issuer.signingKey.publicKey.export({ type: 'spki', format: 'pem' })),
  hs256('PEM (PKCS#1)', ({ issuer }) => issuer.signingKey.publicKey.export({ type: 'pkcs1', format: 'pem' })),
  hs256('PEM without the last newline', ({ issuer }) =>
    issuer.signingKey.publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
  ),
  hs256('DER', ({ issuer }) => issuer.signingKey.publicKey.export({ type: 'spki', format: 'der' })),
  hs256('JWK', ({ issuer }) => JSON.stringify(issuer.signingKey.jwk)),
  hs256('modulus', ({ issuer }) => Buffer.from(issuer.signingKey.jwk.n, 'base64url')),
  hs256('nothing', () => ''),
  ...['RS512', 'RS384', 'PS256', 'ES256', 'EdDSA', 'rs256', 'RS256 ', '', 'HS512'].map((alg) =>
    withHeader(`alg ${JSON.stringify(alg)}`, () => ({ alg })),
  ),
  resigned('RS512, signed as it says', { alg: 'RS512', hash: 'sha512' }),
  resigned('PS256, signed as it says', { alg: 'PS256', hash: 'sha256', pss: true }),
  withHeader('alg array', () => ({ alg: ['RS256'] })),
  withHeader('alg null', () => ({ alg: null })),
  withHeader('alg object', () => ({ alg: { toString: 'RS256' } })),
  withHeader('alg missing', () => ({ alg: undefined })),
];

const headerRows: RefusalRow[] = [
  withHeader('crit exp', () => ({ crit: ['exp'] })),
  withHeader('crit []', () => ({ crit: [] })),
  withHeader('crit null', () => ({ crit: null })),
  withHeader('crit ""', () => ({ crit: '' })),
  withHeader('crit b64 with b64 true', () => ({ crit: ['b64'], b64: true })),
  withHeader('b64 false', () => ({ b64: false })),
  withHeader('b64 true', () => ({ b64: true })),
  withHeader('zip', () => ({ zip: 'DEF' })),
  withHeader('jwk with the signing key', ({ issuer }) => ({ jwk: issuer.signingKey.jwk })),
  withHeader('jku', ({ elsewhere }) => ({ jku: `${elsewhere}/jwks.json` })),
  withHeader('jku of the issuer', ({ issuer }) => ({ jku: issuer.jwksUri })),
  withHeader('x5u', ({ elsewhere }) => ({ x5u: `${elsewhere}/chain.pem` })),
  withHeader('x5c', () => ({ x5c: ['MIIB'] })),
  ...['JWT', 'jwt', 'logout+jwt', 'secevent+jwt', 'dpop+jwt', 'at+jwt ', 'at', 'application/jwt', ''].map(
    (typ) => withHeader(`typ ${JSON.stringify(typ)}`, () => ({ typ })),
  ),
  withHeader('typ missing', () => ({ typ: undefined })),
  withHeader('typ null', () => ({ typ: null })),
  withHeader('typ array', () => ({ typ: ['at+jwt'] })),
  withHeader('unknown kid', () => ({ kid: 'unknown-key' })),
  withHeader('kid missing', () => ({ kid: undefined })),
  withHeader('kid empty', () => ({ kid: '' })),
  withHeader('kid number', () => ({ kid: 1 })),
  withHeader('kid array', ({ issuer }) => ({ kid: [issuer.signingKey.kid] })),
  withHeader('kid over 64 characters', () => ({ kid: 'k'.repeat(65) })),
  withHeader('kid with ../', () => ({ kid: '../../dev/null' })),
  withHeader('kid with a quote', () => ({ kid: "' OR '1'='1" })),
  withHeader('kid __proto__', () => ({ kid: '__proto__' })),
  withHeader('kid constructor', () => ({ kid: 'constructor' })),
  withHeader('kid with a newline', ({ issuer }) => ({ kid: `${issuer.signingKey.kid}\n` })),
];

const claimRows: RefusalRow[] = [
  ...['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'client_id', 'sid', 'auth_time'].flatMap((claim) => [
    withClaims(`${claim} missing`, () => ({ [claim]: undefined })),
    withClaims(`${claim} null`, () => ({ [claim]: null })),
    withClaims(`${claim} object`, () => ({ [claim]: {} })),
    withClaims(`${claim} true`, () => ({ [claim]: true })),
  ]),
  ...['sub', 'jti', 'client_id', 'sid'].flatMap((claim) => [
    withClaims(`${claim} number`, () => ({ [claim]: 1 })),
    withClaims(`${claim} array`, () => ({ [claim]: ['user-1'] })),
    withClaims(`${claim} ""`, () => ({ [claim]: '' })),
    withClaims(`${claim} of 256 characters`, () => ({ [claim]: 'x'.repeat(256) })),
    withClaims(`${claim} with a newline`, () => ({ [claim]: 'user-1\nadmin' })),
  ]),
  // Without both claims this is a service's own token if its subject is the client.
  withClaims('sid and auth_time missing', () => ({ sid: undefined, auth_time: undefined })),
  withClaims('sid missing in a service’s own token', () => ({ sub: 'test-client', sid: undefined })),
  withClaims('auth_time missing in a service’s own token', () => ({
    sub: 'test-client',
    auth_time: undefined,
  })),
  withClaims('a service’s own token that acts for itself', () => ({
    sub: 'test-client',
    sid: undefined,
    auth_time: undefined,
    act: { sub: 'test-client' },
  })),
  withClaims('iss of another issuer', () => ({ iss: 'https://issuer.example' })),
  withClaims('iss with a slash more', ({ issuer }) => ({ iss: `${issuer.issuer}/` })),
  withClaims('iss array', ({ issuer }) => ({ iss: [issuer.issuer] })),
  withClaims('aud of another service', () => ({ aud: 'payment-service-of-others' })),
  withClaims('aud array of other services', () => ({ aud: ['a-service', 'another-service'] })),
  withClaims('aud array with a number', ({ audience }) => ({ aud: [audience, 1] })),
  withClaims('aud nested array', ({ audience }) => ({ aud: [[audience]] })),
  withClaims('aud empty array', () => ({ aud: [] })),
  withClaims('aud ""', () => ({ aud: '' })),
  withClaims('aud number', () => ({ aud: 1 })),
  withClaims('aud *', () => ({ aud: '*' })),
  withClaims('aud that starts with ours', ({ audience }) => ({ aud: `${audience}-2` })),
  withClaims('exp string', () => ({ exp: String(now() + 300) })),
  withClaims('exp float', () => ({ exp: now() + 299.5 })),
  withClaims('exp 1e308', () => ({ exp: 1e308 })),
  withClaims('exp in milliseconds', () => ({ exp: (now() + 300) * 1000 })),
  withClaims('exp and iat in milliseconds', () => ({ exp: (now() + 300) * 1000, iat: now() * 1000 })),
  withClaims('exp negative', () => ({ exp: -1 })),
  withClaims('exp 0', () => ({ exp: 0 })),
  withClaims('exp now', () => ({ iat: now() - 10, auth_time: now() - 10, exp: now() })),
  withClaims('exp a minute ago', () => ({ iat: now() - 120, auth_time: now() - 120, exp: now() - 60 })),
  withClaims('exp − iat a second over the allowed lifetime', () => ({ iat: now(), exp: now() + 301 })),
  withClaims('exp before iat', () => ({ iat: now() + 20, exp: now() + 10 })),
  withClaims('iat string', () => ({ iat: String(now()) })),
  withClaims('iat float', () => ({ iat: now() - 0.5 })),
  withClaims('iat ahead of the clock by more than the skew', () => ({ iat: now() + 35, exp: now() + 300 })),
  withClaims('nbf ahead of the clock by more than the skew', () => ({ nbf: now() + 35 })),
  withClaims('nbf string', () => ({ nbf: String(now()) })),
  withClaims('nbf null', () => ({ nbf: null })),
  withClaims('nbf in milliseconds', () => ({ nbf: now() * 1000 })),
  withClaims('auth_time string', () => ({ auth_time: String(now()) })),
  withClaims('auth_time ahead of the clock by more than the skew', () => ({ auth_time: now() + 35 })),
  withClaims('scope array', () => ({ scope: ['cart:read'] })),
  withClaims('scope ""', () => ({ scope: '' })),
  withClaims('scope with two spaces', () => ({ scope: 'cart:read  cart:write' })),
  withClaims('scope with a newline', () => ({ scope: 'cart:read\ncart:write' })),
  withClaims('scope with a quote', () => ({ scope: 'cart:"read' })),
  withClaims('acr number', () => ({ acr: 1 })),
  withClaims('act string', () => ({ act: 'payment-service' })),
  withClaims('act null', () => ({ act: null })),
  withClaims('act array', () => ({ act: [{ sub: 'payment-service' }] })),
  withClaims('act without sub', () => ({ act: {} })),
  withClaims('act nested without sub', () => ({ act: { sub: 'payment-service', act: {} } })),
];

const jsonRows: RefusalRow[] = [
  withJson('duplicate alg in the header', (context) => ({
    header: JSON.stringify(goodHeader(context)).replace('{', '{"alg":"none",'),
  })),
  withJson('duplicate kid in the header, once with an escape', (context) => ({
    header: JSON.stringify(goodHeader(context)).replace('{', '{"k\\u0069d":"other",'),
  })),
  withJson('duplicate sub in the payload', (context) => ({
    payload: JSON.stringify(goodClaims(context)).replace('{', '{"sub":"admin",'),
  })),
  withJson('duplicate name within a nested object', (context) => ({
    payload: JSON.stringify(goodClaims(context)).replace('{', '{"act":{"sub":"a","sub":"b"},'),
  })),
  withJson('invalid UTF-8 in the payload', (context) => ({
    payload: Buffer.from(JSON.stringify({ ...goodClaims(context), note: '\u00ff' }), 'latin1'),
  })),
  withJson('an overlong UTF-8 encoding in the header', (context) => ({
    header: Buffer.concat([
      Buffer.from('{"x":"'),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from(`",${JSON.stringify(goodHeader(context)).slice(1)}`),
    ]),
  })),
  withJson('a surrogate encoded as UTF-8', (context) => ({
    payload: Buffer.concat([
      Buffer.from('{"x":"'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from(`",${JSON.stringify(goodClaims(context)).slice(1)}`),
    ]),
  })),
  withJson('a lone surrogate in a claim', (context) => ({
    payload: JSON.stringify(goodClaims(context)).replace('"user-1"', '"user-\\ud800"'),
  })),
  withJson('a lone surrogate in a claim name', (context) => ({
    payload: JSON.stringify(goodClaims(context)).replace('{', '{"\\udc00":1,'),
  })),
  withJson('a byte order mark', (context) => ({ payload: `\ufeff${JSON.stringify(goodClaims(context))}` })),
  withJson('a comment in the JSON', (context) => ({ payload: `/**/${JSON.stringify(goodClaims(context))}` })),
  withJson('a second JSON value', (context) => ({ payload: `${JSON.stringify(goodClaims(context))}{}` })),
  withJson('a payload that is an array', (context) => ({ payload: JSON.stringify([goodClaims(context)]) })),
  withJson('a payload that is a string', (context) => ({
    payload: JSON.stringify(JSON.stringify(goodClaims(context))),
  })),
  withJson('a payload that is null', () => ({ payload: 'null' })),
  withJson('a payload without content', () => ({ payload: ' ' })),
  withJson('a header that is an array', (context) => ({ header: JSON.stringify([goodHeader(context)]) })),
  withJson('a header that is null', () => ({ header: 'null' })),
  withJson('a header nested 2,500 deep', (context) => ({
    header: JSON.stringify(goodHeader(context)).replace('{', `{"x":${'['.repeat(2500)}${']'.repeat(2500)},`),
  })),
  withJson('a payload nested 2,500 deep', (context) => ({
    payload: JSON.stringify(goodClaims(context)).replace('{', `{"x":${'['.repeat(2500)}${']'.repeat(2500)},`),
  })),
];

const encodingRows: RefusalRow[] = [
  changed('== appended', (token) => `${token}==`),
  changed('= appended', (token) => `${token}=`),
  changed('a space and a letter appended', (token) => `${token} a`),
  changed('a comma appended', (token) => `${token},`),
  changed('a space within', (token) => token.replace('.', '. ')),
  changed('a tab within', (token) => token.replace('.', '.\t')),
  changed('quotes around', (token) => `"${token}"`),
  changed('base64 with + or /', (token) => {
    const [header, payload, signature = ''] = segmentsOf(token);
    const standard = Buffer.from(signature, 'base64url').toString('base64').replace(/=+$/, '');
    return `${header}.${payload}.${/[+/]/.test(standard) ? standard : `${standard.slice(0, -1)}/`}`;
  }),
  changed('last signature character changed in its unused bits', (token) => withUnusedBits(token)),
  changed('an empty signature', (token) => token.slice(0, token.lastIndexOf('.') + 1)),
  changed('no signature', (token) => token.slice(0, token.lastIndexOf('.'))),
  changed('a fourth segment', (token) => `${token}.e30`),
  changed('five segments, as JWE has', (token) => `${token}.e30.e30`),
  changed('an empty header', (token) => token.slice(token.indexOf('.'))),
  changed('an empty payload', (token) => token.replace(/\..*\./, '..')),
  changed('only dots', () => '..'),
  changed('one letter', () => 'x'),
  changed('JSON serialization', (token) => {
    const [header, payload, signature] = segmentsOf(token);
    return JSON.stringify({ protected: header, payload, signature });
  }),
  changed('over 8 KB, though well signed', (_token, { issuer }) =>
    issuer.mint({ claims: { note: 'x'.repeat(6500) } }),
  ),
  changed('an opaque refresh token', () => 'rt1.k1.0-abcdef.7.bWFj'),
];

const lastBase64Url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

// 256 bytes leave four unused bits in the last character; another value of them decodes to the same signature.
function withUnusedBits(token: string): string {
  const last = lastBase64Url.indexOf(token.at(-1) ?? '');
  const other = `${token.slice(0, -1)}${lastBase64Url[last ^ 1]}`;
  const [, , before = ''] = segmentsOf(token);
  const [, , after = ''] = segmentsOf(other);
  if (!decoded(before).equals(decoded(after))) throw new Error('the changed character was no unused bit');
  return other;
}

/** All rows that are one token. A header nested 200,000 deep exceeds Node's default limit: see refusals.test.ts. */
export const refusalRows: readonly RefusalRow[] = [
  ...algorithmRows,
  ...headerRows,
  ...claimRows,
  ...jsonRows,
  ...encodingRows,
  ...signatureRows,
];
