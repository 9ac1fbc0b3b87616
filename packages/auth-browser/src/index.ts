export type { SignInCredentials } from './auth-endpoint.ts';
export { type BrowserSession, createBrowserSession } from './browser-session.ts';
export type { BeginSignInOptions } from './code-flow.ts';
export { SessionError } from './errors.ts';
export type { BrowserSessionOptions } from './options.ts';
export type { SessionState } from './session-state.ts';
