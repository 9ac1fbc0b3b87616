import { useState } from 'react';
import { useSession } from '../../session/use-session.ts';

/** Unsaved texts by person and field. In memory only. */
const drafts = new Map<string, string>();

export type Draft = {
  /** The typed text that is not saved yet; null when there is none. */
  readonly text: string | null;
  /** Whether it was typed before this field was mounted, for example before the session ended. */
  readonly isFromBefore: boolean;
  change(text: string | null): void;
  /** Call this when `text` is saved. Text that was typed since stays a draft. */
  kept(text: string): void;
};

/** An unsaved text. It survives the end of the session, until the same person is signed in again. */
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
