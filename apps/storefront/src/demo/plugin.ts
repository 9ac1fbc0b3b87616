import type { Service } from '@latchkey/service-kit';
import type { Config } from '../config.ts';
import { accessTokenTheftRoutes } from './access-token-theft.ts';
import { demoContext } from './context.ts';
import { eventRoutes } from './events.ts';
import { failureRoutes } from './failures.ts';
import { keyRoutes } from './keys.ts';
import { otlpReceiver } from './otlp-receiver.ts';
import { withinTrace } from './outgoing.ts';
import { peopleRoutes } from './people.ts';
import { permissionRoutes } from './permissions.ts';
import { phoneRoutes } from './phones.ts';
import { refreshTokenTheftRoutes } from './refresh-token-theft.ts';
import { sameOriginOnly } from './same-origin.ts';
import { sharingRoutes } from './sharing.ts';
import { createSpans } from './spans.ts';

export type DemoOptions = { readonly config: Config };

/**
 * Demo mode. All routes that play attacker or administrator without a sign-in are below /demo, and only the page may
 * call them. Services send their spans to /v1/traces.
 */
export async function demo(app: Service, { config }: DemoOptions): Promise<void> {
  const context = demoContext(config);
  const spans = createSpans();
  app.log.warn('demo mode: anybody who reaches this address can play attacker and administrator');
  await app.register(otlpReceiver, { spans });
  await app.register(
    async (routes: Service) => {
      routes.addHook('onRequest', sameOriginOnly(context.origin));
      // Requests that follow from a request join its trace, so that the page sees them.
      routes.addHook('preHandler', (request, _reply, done) => {
        withinTrace(request.traceparent.header, done);
      });
      await routes.register(peopleRoutes, context);
      await routes.register(permissionRoutes, context);
      await routes.register(accessTokenTheftRoutes, context);
      await routes.register(refreshTokenTheftRoutes, context);
      await routes.register(phoneRoutes, context);
      await routes.register(sharingRoutes, { ...context, spans });
      await routes.register(keyRoutes, context);
      await routes.register(failureRoutes, { socket: config.CONTROL_SOCKET });
      await routes.register(eventRoutes, { spans });
    },
    { prefix: '/demo' },
  );
}
