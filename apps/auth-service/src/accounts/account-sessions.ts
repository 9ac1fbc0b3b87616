import type { SessionStore } from '../sessions/session-store.ts';

/** What a change of an account has to do with the sessions of its person. */
export type AccountSessions = Pick<SessionStore, 'find' | 'endAll' | 'changeRoles'>;
