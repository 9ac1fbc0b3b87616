import { signingOut } from '@latchkey/person';
import type { Service } from '@latchkey/service-kit';
import type { AccessTokenTheft, Timed } from './api.ts';
import { type DemoContext, tags, withTokenSchema } from './context.ts';
import { orPassOn } from './outgoing.ts';
import { timed } from './stopwatch.ts';
import { shopServices, verdictOf } from './verdicts.ts';

/** The user agent that the thief's requests claim. */
const headers = { 'user-agent': 'another machine' };

/** Uses a stolen access token. It works for anybody who has it, until its owner signs out. */
export async function accessTokenTheftRoutes(app: Service, { auth, services }: DemoContext): Promise<void> {
  app.post(
    '/thefts/access-token',
    { schema: { summary: 'Use this token from another machine', tags, body: withTokenSchema } },
    async (request): Promise<AccessTokenTheft> => {
      const stolen = { token: request.body.access_token, headers };
      return {
        verdicts: await Promise.all(shopServices.map((service) => verdictOf(services, service, stolen))),
      };
    },
  );

  app.post(
    '/thefts/access-token/sign-out',
    { schema: { summary: 'Have the owner of this token sign out', tags, body: withTokenSchema } },
    async (request): Promise<Timed> => {
      const token = request.body.access_token;
      const { stopwatch } = await timed(services, token, async () =>
        orPassOn(await auth.ask(signingOut(token))),
      );
      return { stopwatch };
    },
  );
}
