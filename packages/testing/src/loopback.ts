import { networkInterfaces } from 'node:os';

/** What `localhost` stands for on this machine: 127.0.0.1, and ::1 where there is one. */
export const loopbackAddresses: readonly string[] = ['127.0.0.1', '::1'].filter((address) =>
  Object.values(networkInterfaces()).some((found) => found?.some((one) => one.address === address)),
);
