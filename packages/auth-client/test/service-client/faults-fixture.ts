import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Shop, type ShopOptions, startShop } from './shop.ts';

export const scopes = ['cart:read'];
/** Long, because a busy machine must not look like a fault of the other service. */
export const settings = { scopes, timeoutMs: 20_000 };

/** Starts shops, and servers that replace what they call. */
export function createShops() {
  const closing: (() => unknown)[] = [];
  return {
    async start(options?: ShopOptions): Promise<Shop> {
      const shop = await startShop(options);
      closing.push(() => shop.close());
      return shop;
    },
    /** A server that handles each connection's requests like this. */
    async serverThat(answer: Parameters<typeof createServer>[1]): Promise<string> {
      const server = createServer(answer);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closing.push(() => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      });
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    /** Closes all of them. */
    async close(): Promise<void> {
      for (const close of closing.splice(0)) await close();
    },
  };
}
