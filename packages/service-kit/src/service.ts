import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawServerDefault,
} from 'fastify';
import type { DestinationStream } from 'pino';
import { addClientAddress } from './client-address/add-client-address.ts';
import { addDocs } from './docs.ts';
import { addHealth } from './lifecycle/health.ts';
import { createLifecycle, type Lifecycle } from './lifecycle/lifecycle.ts';
import { createLogger } from './logging/logging.ts';
import { requestIdOf } from './logging/request-id.ts';
import { addRequestLog } from './logging/request-log.ts';
import { RequestLogger } from './logging/request-logger.ts';
import { addTraceContext } from './logging/trace-context.ts';
import { addMetrics } from './metrics.ts';
import { collectAllowedMethods } from './requests/allowed-methods.ts';
import { addCors, corsHeadersFor } from './requests/cors.ts';
import { createEarlyAnswers } from './requests/early-answers.ts';
import { acceptEmptyBodies } from './requests/empty-body.ts';
import { addErrorHandler } from './requests/error-handler.ts';
import { addOptions, addRequestChecks, serverOptions } from './requests/request-checks.ts';
import { type BasePath, refuseHiddenRoutes, targetBelow } from './requests/request-target.ts';
import { addResponseHeaders } from './requests/response-headers.ts';
import { refuseBrokenText } from './requests/unicode-requests.ts';
import { refuseUnknownProperties, schemaController } from './requests/validation.ts';

export type Service = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyInstance {
    /** Shared with runService, which drains it on a stop signal. */
    readonly lifecycle: Lifecycle;
  }
}

export type ServiceOptions = {
  /** The service's name in logs, e.g. `cart-service`. */
  name: string;
  /** Title of the OpenAPI document. */
  title: string;
  description: string;
  /** Version of the API; default 0.1.0. */
  version?: string;
  logLevel: string;
  /** Exact origins whose pages may call the service; without any, no page may. */
  corsOrigins: string[];
  /** Paths whose answers the pages of any origin may read, without cookies; default none. */
  openPaths?: readonly string[];
  /** Addresses or CIDR ranges whose X-Forwarded-For and X-Forwarded-Host are trusted; without any, none are. */
  trustedProxies: string[];
  /**
   * A path under which all routes work too, whether a proxy strips it or not; default none. A service with a route that
   * begins with it does not start.
   */
  basePath?: BasePath;
  /** Where log lines go; default standard output. */
  logDestination?: DestinationStream;
};

const bodyLimitBytes = 64 * 1024;
const requestTimeoutMs = 30_000;
/** A proxy that uses a connection just when we close it loses a request. Google's load balancer may after 600 s. */
const keepAliveTimeoutMs = 620_000;
const noBasePath: BasePath = { path: '/', setting: '' };

/**
 * Makes an HTTP service with what all our services share, and only the routes /live, /ready, /metrics and /docs. Does
 * not listen (runService does), read the environment, or authenticate requests (auth-client does).
 *
 * @throws if an origin is invalid, or a trusted proxy is neither an address nor a range.
 * @example
 * const app = await createService({ name: 'cart-service', title: 'Cart', description: '…', logLevel: 'info',
 *   corsOrigins: [], trustedProxies: [] });
 * app.addReadinessCheck('postgres', () => database.ping());
 */
export async function createService(options: ServiceOptions): Promise<Service> {
  const lifecycle = createLifecycle();
  const { logDestination: destination, corsOrigins: origins, openPaths, basePath = noBasePath } = options;
  const cors = corsHeadersFor({ origins, openPaths });
  const early = createEarlyAnswers({ cors, origins });
  const app: Service = fastify({
    loggerInstance: createLogger({
      name: options.name,
      level: options.logLevel,
      ...(destination && { destination }),
    }) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger, { reqId }, childOptions, raw) =>
      new RequestLogger(logger, raw, reqId, childOptions),
    genReqId: requestIdOf,
    requestIdHeader: false,
    rewriteUrl: targetBelow(basePath),
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // A request that arrives while we close is served, and its answer closes the connection.
    return503OnClosing: false,
    http: serverOptions,
    frameworkErrors: early.frameworkError,
    clientErrorHandler: early.clientError,
    schemaController,
  }).withTypeProvider<TypeBoxTypeProvider>();
  // By default fastify accepts any text as a body.
  app.removeContentTypeParser('text/plain');
  app.decorate('lifecycle', lifecycle);

  refuseHiddenRoutes(app, basePath);
  const allowedMethods = collectAllowedMethods(app);
  refuseUnknownProperties(app);
  addErrorHandler(app, allowedMethods);
  early.follow(app);
  addTraceContext(app);
  addResponseHeaders(app, lifecycle);
  addRequestLog(app);
  addOptions(app, { allowedMethods, cors });
  await addCors(app, { origins, openPaths });
  addRequestChecks(app);
  refuseBrokenText(app);
  acceptEmptyBodies(app);
  await addDocs(app, {
    title: options.title,
    description: options.description,
    version: options.version ?? '0.1.0',
  });
  addMetrics(app);
  addClientAddress(app, { proxies: options.trustedProxies });
  addHealth(app, lifecycle);
  return app;
}
