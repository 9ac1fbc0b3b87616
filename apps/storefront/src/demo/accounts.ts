import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';

const accounts = Type.Array(
  Type.Object({ username: Type.String(), password: Type.String(), roles: Type.Array(Type.String()) }),
);

/** An account to try the system with. Its password is published. */
export type DemoAccount = Static<typeof accounts>[number];

/** Reads the setting DEMO_ACCOUNTS; undefined when it is not such a list. */
export function parseDemoAccounts(text: string): readonly DemoAccount[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Check(accounts, parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
