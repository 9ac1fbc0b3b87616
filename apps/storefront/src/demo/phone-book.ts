import { randomUUID } from 'node:crypto';
import { refreshing, type Tokens } from '@latchkey/person';
import type { Phone } from './api.ts';
import type { AuthService } from './auth-service.ts';
import { textIn } from './outgoing.ts';

/** A phone: what it shows, and its tokens. */
export type HeldPhone = { shown: Phone; tokens: Tokens };

const clientId = 'latchkey-mobile';
const maxPhones = 6;

/** The phones of all people who try the demo, the newest last. In memory only. */
export function createPhoneBook(auth: AuthService) {
  const phones = new Map<string, HeldPhone[]>();
  let made = 0;

  /** Refreshes, as a phone does when its token is refused, to learn why its session ended. */
  async function lookAt(phone: HeldPhone): Promise<void> {
    if (!phone.shown.signed_in) return;
    const { status } = await auth.ask({ path: '/account', token: phone.tokens.access_token });
    if (status !== 401) return;
    const answer = await auth.ask(refreshing(phone.tokens.refresh_token, { clientId }));
    if (answer.status < 400) phone.tokens = answer.body as Tokens;
    // Another status, such as 429 or 503, says nothing about the session.
    else if (answer.status === 400 || answer.status === 401)
      phone.shown = { ...phone.shown, signed_in: false, reason: textIn(answer, 'reason') ?? null };
  }

  return {
    async list(username: string): Promise<Phone[]> {
      const held = phones.get(username) ?? [];
      await Promise.all(held.map(lookAt));
      return held.map(({ shown }) => shown);
    },

    find: (id: string): HeldPhone | undefined =>
      [...phones.values()].flat().find(({ shown }) => shown.id === id),

    /** The phone that the next one will displace. */
    signedIn: (username: string): HeldPhone | undefined =>
      phones.get(username)?.findLast(({ shown }) => shown.signed_in),

    async signIn(username: string, password: string): Promise<Phone> {
      const deviceName = `Phone ${made + 1}`;
      const tokens = await auth.signIn({ clientId, username, password, deviceName });
      made += 1;
      const shown: Phone = {
        id: randomUUID(),
        device_name: deviceName,
        session_id: tokens.session_id,
        signed_in: true,
        reason: null,
      };
      const held = [...(phones.get(username) ?? []), { shown, tokens }];
      phones.set(username, held.slice(-maxPhones));
      return shown;
    },
  };
}
