import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const packageDirectory = join(import.meta.dirname, '..');
const dist = join(packageDirectory, 'dist');
const hadDist = existsSync(dist);

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
import {
  type BrowserSession, createBrowserSession, SessionError, type SessionState,
} from '@latchkey/auth-client/browser';
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
export const codeOf = (error: AuthClientError): string => error.code;
export const session: BrowserSession = createBrowserSession({ issuer: 'http://a.example', clientId: 'a', services: [] });
export const nameOf = (state: SessionState): string => (state.status === 'signed_in' ? state.subject : state.status);
export const waitOf = (error: unknown): number => (error instanceof SessionError ? (error.retryAfterSeconds ?? 0) : 0);
export const issuer: Promise<TestIssuer> = createTestIssuer({ audience: 'cart-service' });
// @ts-expect-error the issuer for tests is not in the main entry
export { createTestIssuer as notHere } from '@latchkey/auth-client';
// @ts-expect-error what is inside stays inside
export type { KeySet } from '@latchkey/auth-client/dist/key-set/key-set.js';
`;

/** As a service that follows README.md: all that it sees is the error. */
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

let directory: string;
let tarball: string;
/** The first on PATH that is too old, such as that of Debian 13. There may be none. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .filter((node) => existsSync(node))
  .find((node) => Number(spawnSync(node, ['-p', 'parseInt(process.versions.node)']).stdout) < 22);

function binaryOf(name: string, path: string): string {
  return join(dirname(require.resolve(`${name}/package.json`)), path);
}

async function versionOf(name: string): Promise<string> {
  return JSON.parse(await readFile(join(packageDirectory, 'node_modules', name, 'package.json'), 'utf8'))
    .version;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'auth-client-package-'));
  await run('pnpm', ['pack', '--pack-destination', directory], { cwd: packageDirectory });
  tarball = join(directory, (await readdir(directory)).find((name) => name.endsWith('.tgz')) ?? '');
  const dependencies = {
    '@latchkey/auth-client': `file:${tarball}`,
    '@types/node': await versionOf('@types/node'),
    fastify: await versionOf('fastify'),
  };
  await writeFile(
    join(directory, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  );
  await writeFile(join(directory, 'service.js'), serviceFile);
  await writeFile(join(directory, 'refused.js'), refusedFile);
  await writeFile(join(directory, 'consumer.ts'), consumerFile);
  // Wherever temporary files are: on another disk pnpm would begin a store of its own there, and leave it behind.
  const { stdout: store } = await run('pnpm', ['store', 'path'], { cwd: packageDirectory });
  const install = ['install', '--prefer-offline', '--ignore-workspace', `--store-dir=${store.trim()}`];
  await run('pnpm', install, { cwd: directory });
}, 120_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  if (!hadDist) await rm(dist, { recursive: true, force: true });
});

describe('the packed package', () => {
  it('satisfies publint', async () => {
    const { buffer } = new Uint8Array(await readFile(tarball));
    const { messages } = await publint({ pack: { tarball: buffer }, level: 'warning', strict: true });
    expect(messages).toEqual([]);
  });

  it('satisfies attw: its types are found and true', async () => {
    const attw = run(process.execPath, ['--run', 'attw', '--', tarball], { cwd: packageDirectory });
    await expect(attw).resolves.toBeDefined();
  });

  it('carries what it needs to run and to be read, and no more', async () => {
    const installed = join(directory, 'node_modules/@latchkey/auth-client');
    expect((await readdir(installed)).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
    const files = await readdir(join(installed, 'dist'), { recursive: true });
    expect(files.filter((name) => name.includes('.') && !/\.(?:js|d\.ts)$/.test(name))).toEqual([]);
    const { dependencies, peerDependencies } = JSON.parse(
      await readFile(join(installed, 'package.json'), 'utf8'),
    );
    expect(Object.keys(dependencies)).toEqual(['@fastify/jwt', 'fastify-plugin', 'undici']);
    expect(peerDependencies).toEqual({ fastify: '^5.0.0' });
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
    service = spawn(process.execPath, ['service.js'], { cwd: directory, stdio: ['pipe', 'pipe', 'inherit'] });
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

  it('type-checks against it', async () => {
    const tsc = binaryOf('typescript', 'bin/tsc');
    const options = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--types', 'node'];
    const checking = run(process.execPath, [tsc, ...options, '--exactOptionalPropertyTypes', 'consumer.ts'], {
      cwd: directory,
    });
    await expect(checking).resolves.toMatchObject({ stdout: '' });
  });

  // What the oldest reads, those between read too. By its API, since only the consumer and our declarations matter: to
  // check those of others takes longer than all the rest.
  it('type-checks against it with TypeScript 5.4, down to its own declarations', () => {
    const ts: typeof import('typescript-5.4') = require('typescript-5.4');
    const program = ts.createProgram([join(directory, 'consumer.ts')], {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      types: ['node'],
      typeRoots: [join(directory, 'node_modules/@types')],
      target: ts.ScriptTarget.ES2020,
      module: ts.ModuleKind.NodeNext,
    });
    const files = program
      .getSourceFiles()
      .filter(({ fileName }) => /consumer\.ts$|auth-client\/dist\//.test(fileName));
    expect(files.length).toBeGreaterThan(50);
    const faults = files.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]);
    expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
  });

  it.skipIf(oldNode === undefined)(
    'refuses to be registered on a Node.js that is too old, and says so in one line',
    async () => {
      const failing = run(oldNode ?? '', ['refused.js'], { cwd: directory });
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
