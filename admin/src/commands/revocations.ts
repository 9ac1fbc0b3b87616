import { once } from 'node:events';
import type { Revocation } from '@latchkey/auth-client';
import type { Command } from '../command.ts';

/** Required by the list. This command looks nothing up, so the value hardly matters. */
const retentionSeconds = 330;

export const revocationCommands: readonly Command[] = [
  {
    usage: 'revocations watch',
    summary: 'prints each revocation as services receive it, until Ctrl-C',
    async run(_args, { operator, print, signal }) {
      // Loaded here only: no other command needs its three hundred modules.
      const { createRevocationList, followRevocations } = await import('@latchkey/auth-client');
      const list = createRevocationList({ retentionSeconds });
      list.onRevoked((revocation) => print(describe(revocation)));
      const follower = followRevocations(list, {
        issuer: operator.issuer,
        jwksUri: `${operator.authUrl}/.well-known/jwks.json`,
        uri: `${operator.authUrl}/revocations`,
        accessToken: Object.assign(bearerToken, { bound: operator.boundToken }),
        onLost: (error) =>
          print(`The feed was lost: ${error instanceof Error ? error.message : String(error)}`),
        onSilent: ({ message }) => print(`${message}.`),
      });
      try {
        if (!signal.aborted) await once(signal, 'abort');
      } finally {
        follower.close();
      }
    },
  },
];

/** Never called: the feed prefers the bound token. */
async function bearerToken(): Promise<never> {
  throw new Error('The operator has no bearer token.');
}

function describe(revocation: Revocation): string {
  const time = new Date().toISOString();
  const before = 'before' in revocation ? ` issued before ${isoTime(revocation.before)}` : '';
  const id = 'id' in revocation ? ` ${revocation.id}` : '';
  return `${time}  ${revocation.reason.padEnd(18)} ${revocation.kind}${id}${before}`;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
