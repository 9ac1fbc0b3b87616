import { networkInterfaces } from 'node:os';

/** The addresses of `localhost` on this machine: 127.0.0.1, and ::1 if it exists. */
export const loopbackAddresses: readonly string[] = ['127.0.0.1', '::1'].filter((address) =>
  Object.values(networkInterfaces()).some((found) => found?.some((one) => one.address === address)),
);
