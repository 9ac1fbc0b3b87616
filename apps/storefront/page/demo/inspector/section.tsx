import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { Disclosure, DisclosurePanel } from 'react-aria-components/Disclosure';
import { Heading } from 'react-aria-components/Heading';

type SectionProps = { readonly title: string; readonly isOpen?: boolean; readonly children: ReactNode };

/** A part of the inspector that opens and closes. */
export function Section({ title, isOpen = false, children }: SectionProps) {
  return (
    <Disclosure className="inspector-section" defaultExpanded={isOpen}>
      <Heading level={4}>
        <Button slot="trigger" className="inspector-trigger">
          <span className="inspector-sign" aria-hidden="true" />
          {title}
        </Button>
      </Heading>
      <DisclosurePanel>{children}</DisclosurePanel>
    </Disclosure>
  );
}
