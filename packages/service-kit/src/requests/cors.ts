import type { IncomingMessage } from 'node:http';
import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

const exposedHeaders = ['x-request-id', 'traceparent', 'retry-after', 'www-authenticate', 'dpop-nonce'];

export type CorsRules = {
  /** Pages of these origins may read all answers, and send cookies. */
  readonly origins: readonly string[];
  /** Paths whose answers any page may read. It can send no cookies there. */
  readonly openPaths?: readonly string[] | undefined;
};

/** The headers that let a page of this origin read the answer of this URL; none for an origin that is not allowed. */
export type CorsHeaders = (origin: string | undefined, url?: string) => Readonly<Record<string, string>>;

/**
 * The headers for answers that no hook sees. addCors sets the same on all other answers.
 *
 * @throws when an origin is `*` or has a path: with credentials, `*` would open the service to any page.
 */
export function corsHeadersFor({ origins, openPaths }: CorsRules): CorsHeaders {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new Error(`Not an origin: ${origin}`);
  }
  const expose = { 'access-control-expose-headers': exposedHeaders.join(', ') };
  return (origin, url) => {
    if (origin !== undefined && origins.includes(origin)) {
      return {
        vary: 'Origin',
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        ...expose,
      };
    }
    const vary: Record<string, string> = origins.length === 0 ? {} : { vary: 'Origin' };
    return isOpen(openPaths, url) ? { ...vary, 'access-control-allow-origin': '*', ...expose } : vary;
  };
}

/**
 * Lets pages of exactly these origins read our answers, with cookies, and any page those of the open paths, without. All
 * other answers have no header, so browsers keep all other origins out.
 */
export async function addCors(app: FastifyInstance, { origins, openPaths = [] }: CorsRules): Promise<void> {
  if (origins.length === 0 && openPaths.length === 0) return;
  const shared = { methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], exposedHeaders, maxAge: 600 };
  const own = { ...shared, origin: [...origins], credentials: true };
  const open = { ...shared, origin: '*' };
  await app.register(fastifyCors, {
    delegator: ({ url, headers: { origin } }, done) =>
      done(null, isOpen(openPaths, url) && !origins.includes(String(origin)) ? open : own),
  });
}

/** Whether a browser asks if a page may send its request. An empty header counts as none, as it does for addCors. */
export function isPreflight({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'OPTIONS' && Boolean(headers.origin && headers['access-control-request-method']);
}

function isOpen(openPaths: readonly string[] = [], url = ''): boolean {
  return openPaths.includes(url.split('?', 1)[0] ?? '');
}
