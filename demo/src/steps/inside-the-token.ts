import type { Customer, Stage } from './step.ts';

/** Anybody can read a token. So nothing about the person is in it. */
export async function insideTheToken({ tell, account }: Stage, { tokens }: Customer): Promise<void> {
  tell.step('What is inside the token, and what is not');
  const [header, claims] = tokens.access_token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
  tell.say(`header  ${JSON.stringify(header)}`);
  for (const [name, value] of Object.entries(claims ?? {}))
    tell.say(`${name.padEnd(10)}${JSON.stringify(value)}`);
  const { username } = account('customer');
  tell.check(
    `the name ${username} is nowhere in it: sub and sid are opaque`,
    !JSON.stringify(claims).includes(username),
  );
  tell.check('it lives 300 seconds at most', Number(claims?.['exp']) - Number(claims?.['iat']) <= 300);
}
