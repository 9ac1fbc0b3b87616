import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';

type RenameDeviceProps = {
  readonly name: string;
  readonly onSave: (name: string) => void;
  readonly onClose: () => void;
};

/** The form that replaces a device's name while the person changes it. */
export function RenameDevice({ name, onSave, onClose }: RenameDeviceProps) {
  const { t } = useTranslation('demo');
  const [text, setText] = useState(name);
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') onSave(text.trim());
    onClose();
  };
  return (
    <form className="demo-actions" onSubmit={save}>
      <input
        className="demo-input"
        aria-label={t('devices.new_name', { device: name })}
        value={text}
        maxLength={64}
        // biome-ignore lint/a11y/noAutofocus: it appears where the person has just pressed
        autoFocus
        onChange={({ target }) => setText(target.value)}
        onKeyDown={({ key }) => key === 'Escape' && onClose()}
      />
      <Button type="submit" look="primary">
        {t('devices.save')}
      </Button>
      <Button onPress={onClose}>{t('devices.cancel')}</Button>
    </form>
  );
}
