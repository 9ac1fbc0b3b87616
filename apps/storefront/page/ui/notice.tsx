import type { ReactNode } from 'react';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export type NoticeProps = {
  readonly tone: Tone;
  readonly title?: string;
  /** Read out at once, wherever somebody is on the page. */
  readonly isAlert?: boolean;
  readonly children?: ReactNode;
};

/** Something to know, at the place that it is about. */
export function Notice({ tone, title, isAlert = false, children }: NoticeProps) {
  return (
    <div className={`notice ${tone}`} {...(isAlert && { role: 'alert' })}>
      {title !== undefined && <strong>{title}</strong>}
      {children}
    </div>
  );
}
