import { useTranslation } from 'react-i18next';
import { Button, type ButtonProps } from '../../ui/button.tsx';
import { useAnnounce } from '../announcer.tsx';

type CopyButtonProps = Pick<ButtonProps, 'look' | 'children'> & {
  readonly text: string;
  /** What is said when it has been copied. */
  readonly copied: string;
};

/** Copies a text. Says so, or that the browser did not allow it. */
export function CopyButton({ text, copied, ...props }: CopyButtonProps) {
  const { t } = useTranslation('demo');
  const announce = useAnnounce();
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => announce(copied),
      () => announce(t('inspector.not_copied')),
    );
  return <Button {...props} onPress={() => void copy()} />;
}
