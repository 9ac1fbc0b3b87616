import { useState } from 'react';
import { useSession } from '../../session/use-session.ts';

/** By whose session's person and of what. In memory alone. */
const drafts = new Map<string, string>();

export type Draft = {
  /** What was typed and is not kept yet; null for nothing. */
  readonly text: string | null;
  /** Whether it was typed before this field was drawn, such as before the session ended. */
  readonly isFromBefore: boolean;
  change(text: string | null): void;
  /** This text is kept now. What was typed since is not. */
  kept(text: string): void;
};

/** What somebody is typing: still there when the session has ended meanwhile and the same person is signed in again. */
export function useDraft(of: string): Draft {
  const state = useSession();
  const name = `${state.status === 'signed_in' ? state.subject : ''} ${of}`;
  const [text, setText] = useState(drafts.get(name) ?? null);
  const [isFromBefore] = useState(text !== null);

  function change(next: string | null): void {
    if (next === null) drafts.delete(name);
    else drafts.set(name, next);
    setText(next);
  }

  return {
    text,
    isFromBefore,
    change,
    kept: (sent) => {
      if (drafts.get(name)?.trim() === sent) change(null);
    },
  };
}
