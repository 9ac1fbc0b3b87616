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
  /** Where browsers are to open the page. */
  readonly origin: string;
  /** What `vite build` made. */
  readonly directory: string;
};

const yearSeconds = 31_536_000;

/**
 * The page and its files, each beside its compressed forms. Files under /assets have their hash in their name, so they
 * are kept for ever; the page itself is asked for again each time.
 *
 * @throws {ConfigError} when the page has not been built
 */
export async function pageFiles(app: Service, options: PageFilesOptions): Promise<void> {
  const { config, origin, directory } = options;
  const page = pageTemplate(readPage(directory), config);
  const { host } = new URL(origin);

  app.get('/', { schema: { hide: true } }, (request, reply) => {
    // By another name, the services would not let it call them.
    if (request.host !== host) return reply.redirect(`${origin}/`, 307);
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
  // Asked for by whoever does not read the page first.
  app.get('/favicon.ico', { schema: { hide: true } }, (_request, reply) => reply.redirect('/icon.svg', 308));
  await app.register(fastifyStatic, {
    root: directory,
    index: false,
    // Each file is a route of its own: nothing else in the folder can be asked for.
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
