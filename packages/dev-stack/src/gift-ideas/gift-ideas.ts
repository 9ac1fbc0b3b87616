import { join } from 'node:path';
import { giftIdeasDefinition } from '../services/definitions.ts';
import { addressOf, commonEnvironment, originAt, type Ports } from '../services/environment.ts';
import { createService, type Service } from '../services/service.ts';

export type GiftIdeasOptions = {
  ports: Ports & { giftIdeas: number };
  secret: string;
  /** Folder for the log. */
  logs: string;
  onCrash?: ((message: string) => void) | undefined;
};

/** Creates gift-ideas, an application of a partner. Does not register or start it. */
export function createGiftIdeas({ ports, secret, logs, onCrash }: GiftIdeasOptions): Service {
  const { auth, cart, wishlist, giftIdeas } = ports;
  return createService(giftIdeasDefinition, {
    port: giftIdeas,
    env: {
      ...commonEnvironment(giftIdeas),
      PUBLIC_URL: originAt(giftIdeas),
      ISSUER: originAt(auth),
      CLIENT_ID: giftIdeasDefinition.name,
      CLIENT_SECRET: secret,
      WISHLIST_URL: addressOf(wishlist),
      CART_URL: addressOf(cart),
    },
    logFile: join(logs, `${giftIdeasDefinition.name}.log`),
    onCrash,
  });
}
