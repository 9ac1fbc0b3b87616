import { createContext, type ReactNode, use, useCallback, useState } from 'react';

const Announce = createContext<(text: string) => void>(() => {});

/** Announces an action's outcome to screen readers. */
export function useAnnounce(): (text: string) => void {
  return use(Announce);
}

/** The console's only live region. It must exist before its text changes, or a screen reader would not announce it. */
export function Announcer({ children }: { readonly children: ReactNode }) {
  const [said, setSaid] = useState({ text: '', turn: 0 });
  const announce = useCallback((text: string) => setSaid(({ turn }) => ({ text, turn: turn + 1 })), []);
  return (
    <Announce value={announce}>
      {children}
      <div role="status" className="demo-announcement">
        {/* A new element each time, because an unchanged text would not be announced again. */}
        <span key={said.turn}>{said.text}</span>
      </div>
    </Announce>
  );
}
