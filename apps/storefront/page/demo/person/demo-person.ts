import { useEffect, useState } from 'react';
import type { DemoPerson } from '../../../src/demo/api.ts';
import { useAccount, useDemoPeople } from '../../people/people.ts';

/** The last user name, also after the session ended, because the token has no name. In memory only. */
let lastUsername: string | null = null;

/** The demo account that is or was signed in on this page; null until that is known, and for any other account. */
export function useDemoPerson(): DemoPerson | null {
  const { data: account } = useAccount();
  const { data: people = [] } = useDemoPeople();
  const [username, setUsername] = useState(lastUsername);
  const now = account?.username;
  useEffect(() => {
    if (now === undefined) return;
    lastUsername = now;
    setUsername(now);
  }, [now]);
  return people.find((person) => person.username === (now ?? username)) ?? null;
}

/** Whether the account is not one of the demo's: the demo does not know its password and cannot sign in for it. */
export function useIsStranger(): boolean {
  const { data: account } = useAccount();
  const { data: people } = useDemoPeople();
  if (account === undefined || people === undefined) return false;
  return people.every(({ username }) => username !== account.username);
}
