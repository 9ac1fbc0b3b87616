import type { ReactNode } from 'react';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export type NoticeProps = {
  readonly tone: Tone;
  readonly title?: string;
  /** Whether a screen reader announces it at once. */
  readonly isAlert?: boolean;
  readonly children?: ReactNode;
};

/** A notice beside the thing that it is about. */
export function Notice({ tone, title, isAlert = false, children }: NoticeProps) {
  return (
    <div className={`notice ${tone}`} {...(isAlert && { role: 'alert' })}>
      {title !== undefined && <strong>{title}</strong>}
      {children}
    </div>
  );
}
