import { seededPeople } from '@latchkey/example-id/people';
import type { Stack } from '../stack/start-stack.ts';
import { formatTable } from './table.ts';

/** What `npm start` prints when everything is ready. */
export function welcome(stack: Stack, seconds: number): string {
  const services = Object.values(stack.services).map(({ url, audience, docsUrl }) => [
    audience,
    local(url),
    audience,
    local(docsUrl),
  ]);
  if (stack.giftIdeas !== undefined)
    services.push(['gift-ideas', local(stack.giftIdeas.url), '', 'docs/authorization.md']);
  if (stack.exampleId !== undefined)
    services.push(['example-id', local(stack.exampleId.url), '', 'packages/example-id/README.md']);
  const accounts = stack.accounts.map(({ username, password, roles }) => [
    username,
    password,
    roles.join(', '),
  ]);
  const page =
    stack.storefront === undefined
      ? ''
      : `\nOpen ${local(stack.storefront.url)} and try it, or use the services yourself:\n`;
  const [{ username, password }] = seededPeople;
  const elsewhere =
    stack.exampleId === undefined
      ? ''
      : `\nAt Example ID, another provider (${local(stack.exampleId.url)}), sign in as ${username}, password ${password}.\n`;
  const [first] = stack.accounts;
  const auth = local(stack.services.auth.url);
  const body = JSON.stringify({
    client_id: 'latchkey-cli',
    username: first?.username,
    password: first?.password,
  });
  return `
Latchkey is ready (${seconds.toFixed(1)} s).
${page}
${formatTable([['service', 'URL', 'audience', 'docs'], ...services])}

${formatTable([['demo account', 'password (this machine only)', 'roles'], ...accounts])}
${elsewhere}
Sign in once, then use every service with the same token:

  TOKEN=$(curl -s ${auth}/sessions -H 'content-type: application/json' \\
    -d '${body}' | node -pe 'JSON.parse(fs.readFileSync(0)).access_token')
  curl -s ${local(stack.services.cart.url)}/cart -H "authorization: Bearer $TOKEN"

Press Ctrl-C to stop.`;
}

function local(url: string): string {
  return url.replace('127.0.0.1', 'localhost');
}
