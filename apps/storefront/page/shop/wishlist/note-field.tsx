import { Input, Text, TextField } from 'react-aria-components/TextField';
import { useTranslation } from 'react-i18next';
import { report } from '../../ui/toasts.tsx';
import { useDraft } from './use-draft.ts';
import { useChangeNote, type WishlistItem } from './use-wishlist.ts';

/** wishlist-service's maximum length of a note. */
const maximumLength = 500;

/** The note of an item. Leaving the field or pressing Enter saves it; Escape undoes the change. */
export function NoteField({ item, name }: { item: WishlistItem; name: string }) {
  const { t } = useTranslation();
  const changeNote = useChangeNote();
  const kept = item.note ?? '';
  const draft = useDraft(`note of ${item.id}`);
  const { text: typed } = draft;

  function keep(): void {
    const note = typed?.trim();
    const isUnderWay = changeNote.isPending && (changeNote.variables.note ?? '') === note;
    if (note === undefined || isUnderWay) return;
    if (note === kept) {
      draft.change(null);
      return;
    }
    // A note that is not saved yet stays in the field, so that saving it can be tried again.
    const changed = changeNote.mutateAsync({ id: item.id, note: note === '' ? null : note });
    changed.then(
      () => draft.kept(note),
      () => {},
    );
    report(changed, t('wishlist.noteKept'));
  }

  return (
    <TextField
      className="note"
      aria-label={t('wishlist.note', { name })}
      value={typed ?? kept}
      maxLength={maximumLength}
      onChange={draft.change}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep();
        if (event.key === 'Escape') draft.change(null);
      }}
    >
      <Input className="note-input" placeholder={t('wishlist.notePlaceholder')} />
      {draft.isFromBefore && typed !== null && (
        <Text slot="description" className="hint">
          {t('wishlist.noteNotKept')}
        </Text>
      )}
    </TextField>
  );
}
