import type { FastifyInstance } from 'fastify';
import { Gauge } from 'prom-client';
import { readProperty } from '../logging/describe-error.ts';
import { ProblemError } from '../problems/problem.ts';
import type { Lifecycle } from './lifecycle.ts';

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyInstance {
    /**
     * GET /ready answers 503 while the check rejects or takes longer than a second. The error goes to the log. If its
     * property `expose` is true, its message is shown in `reasons`.
     */
    addReadinessCheck(name: string, check: () => Promise<void>): void;
    /** GET /ready lists it in `warnings` and stays 200; the metric readiness_warning{name} shows it too. */
    addReadinessWarning(name: string, isSo: () => boolean): void;
  }
}

const checkTimeoutMs = 1000;

/**
 * Adds GET /live (the process answers), GET /ready (it can serve now), `app.addReadinessCheck` and
 * `app.addReadinessWarning`.
 */
export function addHealth(app: FastifyInstance, lifecycle: Lifecycle): void {
  const checks = new Map<string, () => Promise<void>>();
  const warnings = new Map<string, () => boolean>();
  const warningsNow = () => {
    const names = [...warnings].filter(([, isSo]) => isSo()).map(([name]) => name);
    return names.length > 0 ? { warnings: names } : {};
  };
  let running: Promise<Failing> | undefined;

  app.decorate('addReadinessCheck', (name: string, check: () => Promise<void>) => {
    checks.set(name, check);
  });
  app.decorate('addReadinessWarning', (name: string, isSo: () => boolean) => {
    if (warnings.size === 0) addWarningMetric(app, warnings);
    warnings.set(name, isSo);
  });
  app.addHook('preClose', (done) => {
    lifecycle.drain();
    done();
  });

  app.get('/live', { schema: { hide: true } }, async () => ({ status: 'live' }));
  app.get('/ready', { schema: { hide: true } }, async (request) => {
    if (lifecycle.draining) throw notReady(new Map([['closing', undefined]]), 'The service is closing.');
    // Concurrent probes share one check.
    running ??= failingOf(checks, (name, error) => {
      request.log.warn({ check: name, err: error }, 'not ready');
    }).finally(() => {
      running = undefined;
    });
    const failing = await running;
    if (failing.size > 0)
      throw notReady(failing, `Not ready: ${[...failing.keys()].join(', ')}.`, warningsNow());
    return { status: 'ready', checks: [...checks.keys()], ...warningsNow() };
  });
}

/** The failing checks, with their reasons where these may be shown. */
type Failing = ReadonlyMap<string, string | undefined>;

function addWarningMetric(app: FastifyInstance, warnings: ReadonlyMap<string, () => boolean>): void {
  new Gauge({
    name: 'readiness_warning',
    help: '1 while GET /ready warns of this, by name',
    labelNames: ['name'],
    registers: [app.metrics],
    collect() {
      for (const [name, isSo] of warnings) this.set({ name }, isSo() ? 1 : 0);
    },
  });
}

function notReady(failing: Failing, detail: string, warnings: { warnings?: string[] } = {}): ProblemError {
  const reasons = [...failing].filter(([, reason]) => reason !== undefined);
  return new ProblemError({
    status: 503,
    code: 'not_ready',
    detail,
    headers: { 'retry-after': '1' },
    extensions: {
      failing: [...failing.keys()],
      ...(reasons.length > 0 && { reasons: Object.fromEntries(reasons) }),
      ...warnings,
    },
  });
}

async function failingOf(
  checks: ReadonlyMap<string, () => Promise<void>>,
  onFailure: (name: string, error: unknown) => void,
): Promise<Failing> {
  const outcomes = await Promise.all(
    [...checks].map(async ([name, check]) => {
      try {
        await withTimeout(check());
        return [];
      } catch (error) {
        onFailure(name, error);
        return [[name, reasonToShow(error)] as const];
      }
    }),
  );
  return new Map(outcomes.flat());
}

function reasonToShow(error: unknown): string | undefined {
  const message = readProperty(error, 'message');
  return readProperty(error, 'expose') === true && typeof message === 'string' ? message : undefined;
}

async function withTimeout(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${checkTimeoutMs} ms`)), checkTimeoutMs);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
