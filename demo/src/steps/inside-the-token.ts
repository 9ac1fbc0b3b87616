import type { Customer, Stage } from './step.ts';

/** Anybody who holds a token can read it, so it contains no personal data. */
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
    `the token does not contain the name ${username}: sub and sid are opaque`,
    !JSON.stringify(claims).includes(username),
  );
  tell.check('it is valid for 300 seconds at most', Number(claims?.['exp']) - Number(claims?.['iat']) <= 300);
}
