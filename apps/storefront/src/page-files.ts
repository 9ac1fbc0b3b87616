import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { ConfigError, type Service } from '@latchkey/service-kit';
import type { PageConfig } from './page-config.ts';
import { pageTemplate } from './page-template.ts';
import { contentSecurityPolicy, pageHeaders } from './security-policy.ts';

export type PageFilesOptions = {
  readonly config: PageConfig;
  /** The output of `vite build`. */
  readonly directory: string;
};

const yearSeconds = 31_536_000;

/**
 * Serves the page and its files, also in compressed form. Files under /assets have a hash in their names, so browsers
 * cache them for ever. Browsers revalidate the page itself each time.
 *
 * @throws {ConfigError} when the page has not been built
 */
export async function pageFiles(app: Service, options: PageFilesOptions): Promise<void> {
  const { config, directory } = options;
  const page = pageTemplate(readPage(directory), config);

  // Whatever its Host header says: a proxy may have written it. The page itself sees where the browser is
  // (page/own-origin.ts).
  app.get('/', { schema: { hide: true } }, (_request, reply) => {
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
