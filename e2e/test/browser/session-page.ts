import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HttpServer, startHttpServer } from './http-server.ts';

const modules = dirname(fileURLToPath(import.meta.resolve('@latchkey/auth-browser')));

/** The path of a page that has the session's page, by its name localhost, in a frame. */
export const framing = '/framing';

/**
 * Serves an empty page with a session and the origin's records, from the repository's current modules. `options` are the
 * session's options on the page at this path.
 */
export function startSessionPage(options: (path: string) => object): Promise<HttpServer> {
  const page = (
    path: string,
  ) => `<!doctype html><title>Session</title><link rel="icon" href="data:,"><script type="module">
    import { createBrowserSession } from '/modules/index.ts';
    import { indexedDbRecords } from '/modules/keys/records.ts';
    globalThis.records = indexedDbRecords(indexedDB);
    globalThis.session = createBrowserSession(${JSON.stringify(options(path))});
  </script>`;

  const moduleAt = async (path: string) =>
    stripTypeScriptTypes(await readFile(join(modules, path.replace('/modules/', '')), 'utf8'));
  const framingPage = (host: string) =>
    `<!doctype html><title>Framing</title><iframe src="http://${host.replace('127.0.0.1', 'localhost')}/"></iframe>`;

  return startHttpServer(async ({ url = '/', headers: { host = '' } }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const isModule = pathname.startsWith('/modules/');
    response.setHeader('content-type', isModule ? 'text/javascript' : 'text/html');
    if (isModule) response.end(await moduleAt(pathname));
    else response.end(pathname === framing ? framingPage(host) : page(pathname));
  });
}
