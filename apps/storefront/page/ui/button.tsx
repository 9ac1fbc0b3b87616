import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components/Button';
import { useTranslation } from 'react-i18next';

export type ButtonProps = Omit<AriaButtonProps, 'className' | 'style' | 'children'> & {
  /**
   * `primary`: the main action. `quiet`: another action. `small`: a rare action. `icon`: an icon alone, which needs an
   * aria-label.
   */
  readonly look?: 'primary' | 'quiet' | 'small' | 'icon';
  readonly children: ReactNode;
};

/** A button. While `isPending` it keeps the focus, and pressing it does nothing. */
export function Button({ look = 'quiet', children, ...props }: ButtonProps) {
  const { t } = useTranslation();
  return (
    <AriaButton {...props} className={`button ${look === 'small' ? 'quiet small' : look}`}>
      {children}
      {props.isPending && <span className="visually-hidden"> {t('page.loading')}</span>}
    </AriaButton>
  );
}
