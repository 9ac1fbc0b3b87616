import { useEffect, useState } from 'react';
import type { DemoPerson } from '../../../src/demo/api.ts';
import { useAccount, useDemoPeople } from '../../people/people.ts';

/** Who was signed in last, also after their session ended: the token has no name in it. In memory alone. */
let lastUsername: string | null = null;

/** Which of the demo's people is, or was, signed in on this page; null before that is known, and for anybody else. */
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

/** Whether somebody is signed in whose password the demo does not know, so that it cannot sign in for them. */
export function useIsStranger(): boolean {
  const { data: account } = useAccount();
  const { data: people } = useDemoPeople();
  if (account === undefined || people === undefined) return false;
  return people.every(({ username }) => username !== account.username);
}
