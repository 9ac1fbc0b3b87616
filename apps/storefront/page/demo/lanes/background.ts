import { useEffect } from 'react';
import { config } from '../../config.ts';
import { session } from '../../session/session.ts';
import { recordedFetch } from '../../traffic/recorded-fetch.ts';

const { auth, cart, wishlist, payment } = config.services;
const reads = [`${cart}/cart`, `${wishlist}/wishlist`, `${payment}/payments?limit=1`, `${auth}/sessions`];
const everyMs = 2500;
/** Who is not signed in gets the same answer each time. */
const probeEvery = 3;

/** Reads a little now and then, so that something is to be seen. Rests while the page is hidden, or paused. */
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
  const { status } = session.state();
  const url = `${reads[turn % reads.length]}#background`;
  try {
    if (status === 'signed_in') await discard(session.fetch(url));
    else if (status === 'signed_out' && turn % probeEvery === 0)
      await discard(recordedFetch(`${cart}/cart#background`));
  } catch {
    // The lanes show what became of it.
  }
}

async function discard(answer: Promise<Response>): Promise<void> {
  await (await answer).body?.cancel();
}
