import { generateKeyPairSync, sign } from 'node:crypto';

/** As long as the signed part of a customer's access token. The length hardly matters beside the RSA operation. */
const signingInput = Buffer.alloc(700, 'a');

/**
 * CPU time of one RS256 signature on this machine in microseconds, one value for each round. A signature is the only
 * part of a refresh that cannot be made cheaper. Blocks the thread while it measures.
 */
export function measureSigning({ rounds, perRound }: { rounds: number; perRound: number }): number[] {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (let left = perRound; left > 0; left -= 1) sign('sha256', signingInput, privateKey);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / perRound;
  });
}
