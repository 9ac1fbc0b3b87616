import { useTranslation } from 'react-i18next';
import { Button, type ButtonProps } from '../../ui/button.tsx';
import { useAnnounce } from '../announcer.tsx';

type CopyButtonProps = Pick<ButtonProps, 'look' | 'children'> & {
  readonly text: string;
  /** The text to announce after copying. */
  readonly copied: string;
};

/** Copies a text, and announces that it did or that the browser did not allow it. */
export function CopyButton({ text, copied, ...props }: CopyButtonProps) {
  const { t } = useTranslation('demo');
  const announce = useAnnounce();
  async function copy(): Promise<void> {
    try {
      // There is no clipboard over plain HTTP, except at localhost. That throws, too.
      await navigator.clipboard.writeText(text);
    } catch {
      return announce(t('inspector.not_copied'));
    }
    announce(copied);
  }
  return <Button {...props} onPress={() => void copy()} />;
}
