import { useEffect } from 'react';
import { config } from '../../config.ts';
import { session } from '../../session/session.ts';
import { allowedReads } from '../probes.ts';

const { auth } = config.services;
const everyMs = 2500;

/**
 * Sends a read now and then for the person who is signed in, so that the lanes show something. Pauses while nobody is
 * signed in, while the page is hidden, and while `isOn` is false.
 */
export function useBackground(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return;
    let turn = 0;
    const tick = () => {
      if (document.visibilityState === 'visible') void readSomething(turn);
      turn += 1;
    };
    tick();
    const timer = setInterval(tick, everyMs);
    return () => clearInterval(timer);
  }, [isOn]);
}

async function readSomething(turn: number): Promise<void> {
  if (session.state().status !== 'signed_in') return;
  const reads = [...allowedReads(), `${auth}/sessions`];
  try {
    const answer = await session.fetch(`${reads[turn % reads.length]}#background`);
    await answer.body?.cancel();
  } catch {
    // The lanes show the outcome.
  }
}
