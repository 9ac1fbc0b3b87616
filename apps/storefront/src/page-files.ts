import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { ConfigError, type Service } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isHostOf } from './is-host-of.ts';
import type { PageConfig } from './page-config.ts';
import { pageTemplate } from './page-template.ts';
import { contentSecurityPolicy, pageHeaders } from './security-policy.ts';

export type PageFilesOptions = {
  readonly config: PageConfig;
  /** The origin at which browsers must open the page. */
  readonly origin: string;
  /** The output of `vite build`. */
  readonly directory: string;
};

const yearSeconds = 31_536_000;
const shownLength = 64;
const foreignHost =
  'a browser is redirected to STOREFRONT_ORIGIN, because X-Forwarded-Host names another host or comes from an address that TRUSTED_PROXIES does not name: if the browser was there already, it is redirected for ever';

/**
 * Serves the page and its files, also in compressed form. Files under /assets have a hash in their names, so browsers
 * cache them for ever. Browsers revalidate the page itself each time.
 *
 * @throws {ConfigError} when the page has not been built
 */
export async function pageFiles(app: Service, options: PageFilesOptions): Promise<void> {
  const { config, origin, directory } = options;
  const page = pageTemplate(readPage(directory), config);
  const isOwnHost = isHostOf(origin);
  let hasWarned = false;

  function redirect(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const forwarded = request.headers['x-forwarded-host'];
    if (forwarded !== undefined && !hasWarned) {
      hasWarned = true;
      const forwardedHost = String(forwarded).slice(0, shownLength);
      request.log.warn({ forwarded_host: forwardedHost }, foreignHost);
    }
    return reply.redirect(`${origin}/`, 307);
  }

  app.get('/', { schema: { hide: true } }, (request, reply) => {
    // Under another host name, the services' CORS rules would not allow the page's requests. Of several proxies, each may
    // have added the name by which the one before called it.
    if (!request.hosts.some(isOwnHost)) return redirect(request, reply);
    const nonce = randomBytes(16).toString('base64');
    return reply
      .headers({
        ...pageHeaders,
        'cache-control': 'no-cache',
        'content-security-policy': contentSecurityPolicy(config, nonce),
      })
      .type('text/html; charset=utf-8')
      .send(page(nonce));
  });
  // Some clients request this without reading the page first.
  app.get('/favicon.ico', { schema: { hide: true } }, (_request, reply) => reply.redirect('/icon.svg', 308));
  await app.register(fastifyStatic, {
    root: directory,
    index: false,
    // Each file has its own route, so nothing else in the folder is reachable.
    wildcard: false,
    globIgnore: ['index.html', '**/*.br', '**/*.gz'],
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isHashed = path.startsWith(join(directory, 'assets'));
      reply.header('cache-control', isHashed ? `public, max-age=${yearSeconds}, immutable` : 'no-cache');
    },
  });
}

function readPage(directory: string): string {
  try {
    return readFileSync(join(directory, 'index.html'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ConfigError(['the page has not been built: run pnpm build in apps/storefront']);
  }
}
