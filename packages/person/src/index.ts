export { type Browser, createBrowser } from './browser.ts';
export { createKey, type Key } from './key.ts';
export {
  type Answer,
  ask,
  type Json,
  messageOf,
  type Request,
  type SendOptions,
  send,
} from './request.ts';
export { refreshing, type SignIn, signIn, signingIn, signingOut, type Tokens } from './session.ts';
