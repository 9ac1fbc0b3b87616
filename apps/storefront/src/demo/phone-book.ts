import { randomUUID } from 'node:crypto';
import type { Phone } from './api.ts';
import type { AuthService, Tokens } from './auth-service.ts';
import { textIn } from './outgoing.ts';

/** A phone in somebody's hand: what it shows, and the tokens that it keeps. */
export type HeldPhone = { shown: Phone; tokens: Tokens };

const clientId = 'latchkey-mobile';
const mostPhones = 6;

/** The phones of everybody who tries the demo, the newest last. They are gone with this process. */
export function createPhoneBook(auth: AuthService) {
  const phones = new Map<string, HeldPhone[]>();
  let made = 0;

  /** What a phone does when its token is refused: it refreshes, and is told why not. */
  async function lookAt(phone: HeldPhone): Promise<void> {
    if (!phone.shown.signed_in) return;
    const { status } = await auth.ask('/account', { token: phone.tokens.accessToken });
    if (status !== 401) return;
    const answer = await auth.refresh(clientId, phone.tokens.refreshToken);
    if ('accessToken' in answer) phone.tokens = answer;
    // Anything else, such as 429 or 503, says nothing of its session.
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

    /** The one that a further phone will displace. */
    signedIn: (username: string): HeldPhone | undefined =>
      phones.get(username)?.findLast(({ shown }) => shown.signed_in),

    async signIn(username: string, password: string): Promise<Phone> {
      const deviceName = `Phone ${made + 1}`;
      const tokens = await auth.signIn({ clientId, username, password, deviceName });
      made += 1;
      const shown: Phone = {
        id: randomUUID(),
        device_name: deviceName,
        session_id: tokens.sessionId,
        signed_in: true,
        reason: null,
      };
      const held = [...(phones.get(username) ?? []), { shown, tokens }];
      phones.set(username, held.slice(-mostPhones));
      return shown;
    },
  };
}
