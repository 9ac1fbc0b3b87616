import { STATUS_CODES } from 'node:http';
import {
  type Answer,
  messageOf,
  type Request,
  refreshing,
  type SignIn,
  send,
  signingIn,
  type Tokens,
} from '@latchkey/person';
import type { ServiceKey } from '@latchkey/services';
import type { Narrator } from './narrator.ts';

export type ServiceName = ServiceKey;

/** The services' addresses. The demo uses nothing but their public HTTP routes. */
export type Urls = Readonly<Record<ServiceName, string>>;

/** Sends requests as a customer would, and reports them to the narrator, if there is one. */
export function createShop(urls: Urls) {
  async function call(service: ServiceName, request: Request, tell?: Narrator): Promise<Answer> {
    tell?.request(request.method ?? 'GET', `${service}-service ${request.path}`);
    const answer = await send(urls[service], request);
    tell?.answer(describe(answer));
    return answer;
  }

  return {
    call,
    /** The same request as it goes over the line, once: with its proof, and without its key. */
    onTheLine(service: ServiceName, request: Request): Request {
      const { headers } = messageOf(request, urls[service]);
      return { ...request, headers, token: undefined, key: undefined };
    },
    metrics: async (service: ServiceName) => (await send(urls[service], { path: '/metrics' })).text,
    async signIn(
      person: SignIn,
      tell?: Narrator,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<Tokens> {
      const request = signingIn({ deviceName: 'Demo terminal', ...person });
      const answer = await call('auth', { ...request, headers }, tell);
      if (answer.status !== 201) throw new Error(`${person.username} could not sign in: ${answer.status}`);
      return answer.body as Tokens;
    },
    refresh: (refreshToken: string, tell?: Narrator) => call('auth', refreshing(refreshToken), tell),
    /** A refresh that asks for a token for one service, by the address that clients know (RFC 8707). */
    refreshFor(service: ServiceName, refreshToken: string): Promise<Answer> {
      const { form, ...request } = refreshing(refreshToken);
      const resource = urls[service].replace('127.0.0.1', 'localhost');
      return call('auth', { ...request, form: { ...form, resource } });
    },
  };
}

export type Shop = ReturnType<typeof createShop>;

/** The status, and the error code and the challenge, if there are any. */
function describe({ status, headers, body }: Answer): string {
  const code = body['code'] ?? body['error'];
  const challenge = headers.get('www-authenticate');
  const parts = [`${status} ${STATUS_CODES[status]}`];
  if (code !== undefined) parts.push(String(code));
  if (challenge !== null) parts.push(challenge);
  return parts.join(' · ');
}
