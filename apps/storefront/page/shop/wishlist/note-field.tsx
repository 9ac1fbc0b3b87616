import { useState } from 'react';
import { Input, TextField } from 'react-aria-components/TextField';
import { useTranslation } from 'react-i18next';
import { report } from '../../ui/toasts.tsx';
import { useChangeNote, type WishlistItem } from './use-wishlist.ts';

/** Characters that wishlist-service takes. */
const maximumLength = 500;

/** A note on a wish. It is kept when the field is left, or by Enter; Escape undoes. */
export function NoteField({ item, name }: { item: WishlistItem; name: string }) {
  const { t } = useTranslation();
  const changeNote = useChangeNote();
  const kept = item.note ?? '';
  const [typed, setTyped] = useState<string | null>(null);

  function keep(): void {
    const note = typed?.trim();
    setTyped(null);
    if (note === undefined || note === kept) return;
    const change = { id: item.id, note: note === '' ? null : note };
    const changed = changeNote.mutateAsync(change);
    // Nothing that somebody wrote is lost: it stands there to be kept once more.
    changed.catch(() => setTyped((since) => since ?? note));
    report(changed, t('wishlist.noteKept'));
  }

  return (
    <TextField
      className="note"
      aria-label={t('wishlist.note', { name })}
      value={typed ?? (changeNote.isPending ? (changeNote.variables.note ?? '') : kept)}
      maxLength={maximumLength}
      onChange={setTyped}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep();
        if (event.key === 'Escape') setTyped(null);
      }}
    >
      <Input className="note-input" placeholder={t('wishlist.notePlaceholder')} />
    </TextField>
  );
}
