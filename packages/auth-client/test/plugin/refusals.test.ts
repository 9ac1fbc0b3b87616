import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encryptToken } from '../../src/jwt/index.ts';
import { createTokenDecryption } from '../../src/key-set/token-decryption.ts';
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.ts';
import { audience, startService, type TestService } from '../service.ts';
import type { RefusalContext } from '../tokens.ts';
import { decryptionKey } from './encryption-rows.ts';
import { refusalRows } from './refusal-rows.ts';
import { soundSignature } from './signature-rows.ts';

let issuer: TestIssuer;
let service: TestService;
let elsewhere: Server;
let requestsElsewhere = 0;
let context: RefusalContext;
const logLines: string[] = [];
const decryption = createTokenDecryption([decryptionKey()]);

/** Each row runs in both forms: what is inside an encrypted token must pass every check that a signed token must. */
const forms = [
  { form: 'signed', inForm: async (token: string) => token },
  { form: 'encrypted', inForm: (token: string) => encryptToken(token, decryption.publicKey) },
];
const bothForms = forms.flatMap(({ form, inForm }) =>
  refusalRows.map(({ name, token }) => ({ name: `${form}: ${name}`, token: () => inForm(token(context)) })),
);

beforeAll(async () => {
  // The table may take a minute. No key set must be fetched again in that time.
  issuer = await createTestIssuer({ audience, maxAgeSeconds: 3600 });
  elsewhere = createServer((_request, response) => {
    requestsElsewhere += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  context = { issuer, audience, elsewhere: `http://127.0.0.1:${port}` };
  service = await startService(issuer, {
    options: { jwksCooldownSeconds: 3600, decryption },
    // Room for the longest row, to which Node's default limit would answer 431.
    server: {
      http: { maxHeaderSize: 1 << 20 },
      logger: { level: 'trace', stream: { write: (line) => logLines.push(line) } },
    },
  });
});

afterAll(async () => {
  await service.close();
  await issuer.close();
  await new Promise((resolve) => elsewhere.close(resolve));
});

async function expectInvalidToken(response: Response, token: string): Promise<void> {
  const body = await response.text();
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toMatch(
    /^Bearer realm="cart-service", error="invalid_token"/,
  );
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(JSON.parse(body)).toMatchObject({ status: 401, code: 'invalid_token', title: 'Unauthorized' });
  for (const segment of token.split('.')) if (segment.length > 8) expect(body).not.toContain(segment);
}

describe('a token that must be refused', () => {
  it.each(bothForms)('$name', async ({ token }) => {
    const bad = await token();
    await expectInvalidToken(await service.get('/account', `Bearer ${bad}`), bad);
    // The cache must not accept it the second time either.
    await expectInvalidToken(await service.get('/account', `Bearer ${bad}`), bad);
  });

  it('a header nested 200,000 deep', async () => {
    const nested = `{"x":${'['.repeat(200_000)}${']'.repeat(200_000)},"alg":"RS256","typ":"at+jwt","kid":"k"}`;
    const token = issuer.signingKey.sign(nested, {});
    await expectInvalidToken(await service.get('/account', `Bearer ${token}`), token);
  });
});

/** Sends each row once, so that the tests about all rows do not depend on their order. */
let sent: Promise<void> | undefined;
async function sendEveryRow(): Promise<void> {
  for (const { token } of bothForms) await (await service.get('/account', `Bearer ${await token()}`)).text();
}

function everyRowSent(): Promise<void> {
  sent ??= sendEveryRow();
  return sent;
}

describe('around the table', () => {
  it.each(forms)('accepts the good token that the rows are made from, $form', async ({ inForm }) => {
    const response = await service.get('/account', `Bearer ${await inForm(issuer.mint())}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ subject: 'user-1' });
  });

  it('accepts a signature made as the wrong ones are, with nothing wrong', async () => {
    expect((await service.get('/account', `Bearer ${soundSignature.token(context)}`)).status).toBe(200);
  });

  it('remembers good tokens only', async () => {
    const before = service.app.authClient.verifiedTokens;
    await sendEveryRow();
    expect(service.app.authClient.verifiedTokens).toBe(before);
    await service.get('/account', `Bearer ${issuer.mint()}`);
    expect(service.app.authClient.verifiedTokens).toBe(before + 1);
  });

  it('sends no request to an address in a token, and asks the issuer once for all unknown keys', async () => {
    await everyRowSent();
    expect(requestsElsewhere).toBe(0);
    expect(issuer.keySetRequests).toBe(2);
  });

  it('logs no token', async () => {
    await everyRowSent();
    expect(logLines.length).toBeGreaterThan(bothForms.length);
    expect(logLines.join('')).not.toMatch(/ey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+/);
    expect(logLines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });
});
