import http from 'node:http';
import { createRequire } from 'node:module';

/**
 * Loaded before a service's main.ts (node --import). Ends the process, as SIGKILL does, right before the n-th step of
 * the first request that matches. The service itself is unchanged.
 *
 * FAULT_REQUEST: pattern of the method and path, such as `^POST /payments$`. FAULT_STEPS: which steps count, of
 * `request` (it arrives), `statement` (to Postgres), `call` (to another service) and `answer` (goes out). Statements
 * between begin and commit do not count: Postgres undoes all of them alike.
 * FAULT_BEFORE_STEP: n, from 1.
 *
 * It also ends when its parent process has ended.
 */
const awaited = new RegExp(process.env['FAULT_REQUEST'] ?? '^$');
const counted = new Set(process.env['FAULT_STEPS']?.split(','));
const fatal = Number(process.env['FAULT_BEFORE_STEP']);

process.channel?.unref();
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

let armed = false;
let steps = 0;

function step(kind: 'request' | 'statement' | 'call' | 'answer'): void {
  if (!armed || !counted.has(kind)) return;
  steps += 1;
  if (steps === fatal) process.kill(process.pid, 'SIGKILL');
}

type Method = (this: unknown, ...parameters: unknown[]) => unknown;

/** Runs `before` ahead of every call of a method. */
function precede(owner: object, name: string, before: (parameters: unknown[], self: unknown) => void): void {
  const methods = owner as Record<string, Method>;
  const original = methods[name] as Method;
  methods[name] = function (this: unknown, ...parameters) {
    before(parameters, this);
    return original.apply(this, parameters);
  };
}

const answers = new WeakSet<object>();
precede(http.Server.prototype, 'emit', ([event, request, response]) => {
  if (event !== 'request') return;
  const { method, url } = request as http.IncomingMessage;
  if (!awaited.test(`${method} ${url}`)) return;
  armed = true;
  answers.add(response as object);
  step('request');
});
precede(http.ServerResponse.prototype, 'end', (_parameters, response) => {
  if (answers.has(response as object)) step('answer');
});

// Resolves pg from service-kit, so that this is the copy that the services use.
const { Client } = createRequire(import.meta.resolve('@latchkey/service-kit'))('pg') as {
  Client: { prototype: object };
};
const inTransaction = new WeakSet<object>();
precede(Client.prototype, 'query', ([query], client) => {
  const text = typeof query === 'string' ? query : (query as { text?: string }).text;
  const within = inTransaction.has(client as object);
  if (text === 'begin') inTransaction.add(client as object);
  if (text === 'commit' || text === 'rollback') inTransaction.delete(client as object);
  if (!within || text === 'commit') step('statement');
});

// Keys are fetched in the background, independently of the request.
const { Pool } = createRequire(import.meta.resolve('@latchkey/auth-client'))('undici') as {
  Pool: { prototype: object };
};
precede(Pool.prototype, 'dispatch', ([request]) => {
  if (!(request as { path: string }).path.endsWith('jwks.json')) step('call');
});
