import { createContext, type ReactNode, use, useCallback, useState } from 'react';

const Announce = createContext<(text: string) => void>(() => {});

/** Says aloud, to who listens to the page, what a deed brought about. */
export function useAnnounce(): (text: string) => void {
  return use(Announce);
}

/** Holds the one live region of the console. It is there before anything is said, or it would not be heard. */
export function Announcer({ children }: { readonly children: ReactNode }) {
  const [said, setSaid] = useState({ text: '', turn: 0 });
  const announce = useCallback((text: string) => setSaid(({ turn }) => ({ text, turn: turn + 1 })), []);
  return (
    <Announce value={announce}>
      {children}
      <div role="status" className="demo-announcement">
        {/* Another element each time: what stays as it was would not be read again. */}
        <span key={said.turn}>{said.text}</span>
      </div>
    </Announce>
  );
}
