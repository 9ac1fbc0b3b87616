import { createContext, type ReactNode, use, useState } from 'react';

const Announce = createContext<(text: string) => void>(() => {});

/** Says aloud, to who listens to the page, what a deed brought about. */
export function useAnnounce(): (text: string) => void {
  return use(Announce);
}

/** Holds the one live region of the console. It is there before anything is said, or it would not be heard. */
export function Announcer({ children }: { readonly children: ReactNode }) {
  const [text, setText] = useState('');
  return (
    <Announce value={setText}>
      {children}
      <div role="status" className="demo-announcement">
        {text}
      </div>
    </Announce>
  );
}
