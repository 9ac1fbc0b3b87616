import type { Service } from '@latchkey/service-kit';
import type { Accounts } from '../accounts/accounts.ts';
import { type BrowserCodeRouteOptions, browserCodeRoute } from './browser-code-route.ts';
import { type BrowserRefreshRouteOptions, browserRefreshRoute } from './browser-refresh-route.ts';
import { type DeviceRoutesOptions, deviceRoutes } from './device-routes.ts';
import { managedSessionRoutes } from './managed-session-routes.ts';
import { reauthenticationRoute } from './reauthentication-route.ts';
import type { SessionStore } from './session-store.ts';
import { type SignInRouteOptions, signInRoute } from './sign-in-route.ts';

export type SessionRoutesOptions = SignInRouteOptions &
  BrowserCodeRouteOptions &
  BrowserRefreshRouteOptions &
  Pick<DeviceRoutesOptions, 'endLogin'> & {
    readonly accounts: Accounts;
    readonly sessions: SessionStore;
    /** The same sessions. Here the end of one also ends the login that it began with. */
    readonly sessionsWithLogins: SessionStore;
  };

/** All routes of sessions, but for those of OAuth. */
export async function sessionRoutes(app: Service, options: SessionRoutesOptions): Promise<void> {
  const withLogins = { ...options, sessions: options.sessionsWithLogins };
  await app.register(signInRoute, options);
  await app.register(browserCodeRoute, options);
  await app.register(browserRefreshRoute, options);
  await app.register(reauthenticationRoute, options);
  await app.register(deviceRoutes, withLogins);
  await app.register(managedSessionRoutes, withLogins);
}
