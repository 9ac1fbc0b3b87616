import type { ReactNode } from 'react';

type SectionProps = { readonly title: string; readonly isOpen?: boolean; readonly children: ReactNode };

/** A part of the inspector that opens and closes. */
export function Section({ title, isOpen = false, children }: SectionProps) {
  return (
    <details className="inspector-section" open={isOpen}>
      <summary className="inspector-trigger">
        <span className="inspector-sign" aria-hidden="true" />
        <h4>{title}</h4>
      </summary>
      <div className="inspector-content">{children}</div>
    </details>
  );
}
