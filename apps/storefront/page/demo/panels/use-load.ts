import { useEffect, useState } from 'react';
import { session } from '../../session/session.ts';
import { recordedFetch } from '../../traffic/recorded-fetch.ts';
import { allowedReads } from '../probes.ts';
import { type LoadCount, noLoad, type Outcome, withOutcome } from './load-rules.ts';

const everyMs = 125;

/** Sends requests continuously while `isOn`, for the person who is signed in, and counts the outcomes. */
export function useLoad(isOn: boolean): LoadCount {
  const [count, setCount] = useState(noLoad);
  useEffect(() => {
    if (!isOn) return;
    setCount(noLoad);
    let turn = 0;
    const timer = setInterval(async () => {
      // A missing permission is not an error of the key rotation.
      const reads = allowedReads();
      const url = reads[turn++ % reads.length];
      const outcome = url === undefined ? null : await readOnce(`${url}#load`);
      if (outcome !== null) setCount((before) => withOutcome(before, outcome, Date.now()));
    }, everyMs);
    return () => clearInterval(timer);
  }, [isOn]);
  return count;
}

/** Null when nobody is signed in. */
async function readOnce(url: string): Promise<Outcome | null> {
  const state = session.state();
  if (state.status !== 'signed_in') return null;
  try {
    // Only the session's fetch can prove the key of a bound token.
    if (state.isBound) return await readBySession(url);
    const headers = { authorization: `Bearer ${state.accessToken}` };
    const first = await recordedFetch(url, { headers });
    await first.body?.cancel();
    if (first.status !== 401) return first.ok ? 'passed' : 'failed';
    // The session's fetch gets a new token and retries once, as for every request of the page.
    return (await readBySession(url)) === 'passed' ? 'recovered' : 'failed';
  } catch {
    return 'failed';
  }
}

async function readBySession(url: string): Promise<'passed' | 'failed'> {
  const answer = await session.fetch(url);
  await answer.body?.cancel();
  return answer.ok ? 'passed' : 'failed';
}
