import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HttpServer, startHttpServer } from './http-server.ts';

const modules = dirname(fileURLToPath(import.meta.resolve('@latchkey/auth-browser')));

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

  return startHttpServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const isModule = pathname.startsWith('/modules/');
    const body = isModule
      ? stripTypeScriptTypes(await readFile(join(modules, pathname.replace('/modules/', '')), 'utf8'))
      : page(pathname);
    response.writeHead(200, { 'content-type': isModule ? 'text/javascript' : 'text/html' });
    response.end(body);
  });
}
