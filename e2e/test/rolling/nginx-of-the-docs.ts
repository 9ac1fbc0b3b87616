import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx, type TestProxy } from '@latchkey/dev-stack/testing';

const document = join(import.meta.dirname, '..', '..', '..', 'docs', 'proxies.md');

/** Starts nginx with exactly the settings that docs/proxies.md recommends for replicas, at these addresses. */
export function startNginxOfTheDocs(servers: readonly string[]): Promise<TestProxy> {
  const text = readFileSync(document, 'utf8');
  const block = /```nginx\n(upstream [\s\S]*?)```/.exec(text)?.[1] ?? '';
  const [, name, upstream = ''] = /^upstream (\S+) \{\n([\s\S]*?)^\}/m.exec(block) ?? [];
  const location = /^location \/ \{\n([\s\S]*?)^\}/m.exec(block)?.[1] ?? '';
  const server = /^ *server \S+(.*);\n/gm;
  const parameters = [...upstream.matchAll(server)].map(([, found]) => found);
  if (parameters.length !== servers.length)
    throw new Error(`docs/proxies.md has ${parameters.length} servers, and the test ${servers.length}`);
  const listed = servers.map((address, index) => `server ${address}${parameters[index]};`);
  const passing = `proxy_pass http://${name};`;
  if (!location.includes(passing)) throw new Error(`docs/proxies.md lacks ${passing}`);
  return startNginx({
    upstream: `http://${name}`,
    http: `upstream ${name} { ${listed.join(' ')}\n${upstream.replaceAll(server, '')} }`,
    location: location.replace(passing, ''),
  });
}
