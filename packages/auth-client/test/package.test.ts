import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installPacked, type PackedPackage } from '@latchkey/testing/packed-package';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);

const serviceFile = `
import { authClient } from '@latchkey/auth-client';
import { createTestIssuer } from '@latchkey/auth-client/testing';
import Fastify from 'fastify';

const issuer = await createTestIssuer({ audience: 'cart-service' });
const app = Fastify();
await app.register(authClient, { issuer: issuer.issuer, audience: 'cart-service', jwksUri: issuer.jwksUri, revocations: null });
app.get('/cart', { onRequest: app.requireScope('cart:read') }, async (request) => ({ owner: request.auth.subject }));
const url = await app.listen({ port: 0, host: '127.0.0.1' });
const tokens = { good: issuer.mint({ scope: 'cart:read' }), poor: issuer.mint(), expired: issuer.expired() };
process.stdout.write(JSON.stringify({ url, tokens }));
process.stdin.once('end', async () => { await app.close(); await issuer.close(); }).resume();
`;

const consumerFile = `
import {
  AuthClientError, type AuthClientOptions, AuthError, authClient, type Authentication, createServiceIdentity, HopError,
  requireRecentSignIn, serviceClient,
} from '@latchkey/auth-client';
import { type FeedEvent, readEvent, writeEvent, writeMessage } from '@latchkey/auth-client/feed';
import { createJwtVerifier, JwtError } from '@latchkey/auth-client/jwt';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import Fastify, { type FastifyRequest } from 'fastify';

export async function start(options: AuthClientOptions): Promise<string> {
  const app = Fastify();
  await app.register(authClient, options);
  await app.authClient.ready();
  app.get('/cart', { onRequest: app.requireScope('cart:read', 'cart:write') }, async (request) => ownerOf(request));
  app.get('/account', { onRequest: app.authenticate }, async ({ auth }) => [...auth.scopes, auth.sessionId.length]);
  const identity = createServiceIdentity({ clientId: 'payment-service' });
  await app.register(serviceClient, {
    identity, tokenEndpoint: options.issuer, issuer: options.issuer, services: { 'cart-service': options.issuer },
  });
  const cart = app.serviceClient('cart-service', { scopes: ['cart:read'], timeoutMs: 1000 });
  app.put('/checkout', { onRequest: app.requireScope('a', 'b', { actors: ['payment-service'] }) }, async (request) => {
    requireRecentSignIn(request, 300);
    return (await cart.fetch(request, '/cart')).json();
  });
  app.get('/feed', { onRequest: app.requireScope('a', { allowService: true }) }, async ({ caller }) =>
    caller.isService ? caller.clientId : caller.sessionId,
  );
  return app.listen({ port: 0 });
}

export const ownerOf = ({ auth }: FastifyRequest): string => auth.subject;
export const actorOf = (auth: Authentication): string | undefined => auth.actor?.subject;
export const statusOf = (error: unknown): number => (error instanceof AuthError ? error.status : 500);
export const hopOf = (error: unknown): string => (error instanceof HopError ? error.hop : '');
export const verifier = createJwtVerifier({ jwksUri: 'http://a.example', audience: 'a', typ: ['jwt'], maxLifetimeSeconds: 60 });
export const reasonOf = (error: unknown): string => (error instanceof JwtError ? error.reason : '');
export const told = (event: FeedEvent, id: string): FeedEvent =>
  readEvent(writeEvent(event, { issuer: 'http://a.example', id, nowMs: Date.now() }));
export const messageOf = ({ upTo }: FeedEvent, token: string): string => writeMessage(upTo, token);
export const codeOf = (error: AuthClientError): string => error.code;
export const issuer: Promise<TestIssuer> = createTestIssuer({ audience: 'cart-service' });
// @ts-expect-error the issuer for tests is not in the main entry
export { createTestIssuer as notHere } from '@latchkey/auth-client';
// @ts-expect-error what is inside stays inside
export type { KeySet } from '@latchkey/auth-client/dist/key-set/key-set.js';
`;

/** A service that follows README.md sees only the error. */
const refusedFile = `
import { authClient } from '@latchkey/auth-client';
import Fastify from 'fastify';

const app = Fastify();
app.register(authClient, {
  issuer: 'http://a.example', audience: 'cart-service', jwksUri: 'http://a.example/keys', revocations: null,
});
await app.ready().catch((error) => {
  process.stderr.write(error.code + ': ' + error.message + '\\n');
  process.exit(3);
});
`;

/**
 * What the package may import by name: Node.js 18.0.0 has all of it. A missing name would throw at the import, before
 * checkRuntime can say that the Node.js is too old.
 */
const namesInOldNode: Readonly<Record<string, readonly string[]>> = {
  buffer: ['Buffer'],
  crypto: [
    ...['createECDH', 'createHash', 'createHmac', 'createPrivateKey', 'createPublicKey', 'generateKeyPair'],
    ...['generateKeyPairSync', 'randomBytes', 'randomUUID', 'sign', 'timingSafeEqual', 'verify'],
  ],
  diagnostics_channel: ['channel'],
  http: ['createServer'],
  'timers/promises': ['setTimeout'],
  util: ['promisify'],
};

/** `module: name` for each named import and re-export of a module of Node.js in the package's files. */
async function namesFromNode(): Promise<ReadonlySet<string>> {
  const dist = join(packed.directory, 'node_modules/@latchkey/auth-client/dist');
  const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.js'));
  const code = await Promise.all(files.map((file) => readFile(join(dist, file), 'utf8')));
  const imports = code.flatMap((text) => [
    ...text.matchAll(/^(?:import|export)\s[^'"{]*\{([^}]*)\}\s*from\s*['"]node:([^'"]+)['"]/gm),
  ]);
  return new Set(
    imports.flatMap(([, names = '', module]) =>
      names
        .split(',')
        .map((name) => name.trim().split(/\s+as\s+/)[0])
        .filter(Boolean)
        .map((name) => `${module}: ${name}`),
    ),
  );
}

let packed: PackedPackage;
/** The first Node.js on PATH that is too old, such as Debian 13's. There may be none. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .filter((node) => existsSync(node))
  .find((node) => Number(spawnSync(node, ['-p', 'parseInt(process.versions.node)']).stdout) < 22);

beforeAll(async () => {
  packed = await installPacked(join(import.meta.dirname, '..'), {
    dependencies: ['@types/node', 'fastify'],
    files: { 'service.js': serviceFile, 'refused.js': refusedFile, 'consumer.ts': consumerFile },
  });
});
afterAll(() => packed.remove());

describe('the packed package', () => {
  it('satisfies publint and attw: its types are found and true', async () => {
    expect(await packed.faults()).toEqual([]);
  });

  it('contains only what is needed to run it and to read it', () => {
    expect(packed.contents).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
    expect(packed.strangers).toEqual([]);
    const { dependencies, peerDependencies } = packed.manifest;
    expect(Object.keys(dependencies as object)).toEqual(['fastify-plugin', 'jose', 'undici']);
    expect(peerDependencies).toEqual({ fastify: '^5.0.0' });
  });

  it('imports nothing by name that Node.js 18.0 lacks', async () => {
    const known = Object.entries(namesInOldNode).flatMap(([module, names]) =>
      names.map((name) => `${module}: ${name}`),
    );
    expect([...(await namesFromNode())].sort()).toEqual(known.sort());
  });
});

describe('an empty project that installs it', () => {
  let service: ChildProcess | undefined;

  afterAll(async () => {
    if (service?.exitCode !== null) return;
    service.stdin?.end();
    await once(service, 'exit');
  });

  it('runs a service with it', async () => {
    service = spawn(process.execPath, ['service.js'], {
      cwd: packed.directory,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [output] = await once(service.stdout as NodeJS.ReadableStream, 'data');
    const { url, tokens } = JSON.parse(String(output));
    const get = (token: string): Promise<Response> =>
      fetch(`${url}/cart`, { headers: { authorization: `Bearer ${token}` } });
    const answer = await get(tokens.good);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ owner: 'user-1' });
    expect((await get(tokens.poor)).status).toBe(403);
    expect((await get(tokens.expired)).status).toBe(401);
    expect((await get(`${tokens.good}x`)).status).toBe(401);
  });

  it('type-checks against it, with TypeScript 5.4 too', async () => {
    expect(await packed.typeFaults('consumer.ts', ['node'])).toBe('');
    expect(packed.oldTypeFaults('consumer.ts', ['node'])).toEqual([]);
  });

  it.skipIf(oldNode === undefined)(
    'refuses to be registered on a Node.js that is too old, and says so in one line',
    async () => {
      const failing = run(oldNode ?? '', ['refused.js'], { cwd: packed.directory });
      await expect(failing).rejects.toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(
          /^unsupported_runtime: @latchkey\/auth-client needs Node\.js 22\.19 or newer; this is \S+\n$/,
        ),
      });
    },
  );
});
