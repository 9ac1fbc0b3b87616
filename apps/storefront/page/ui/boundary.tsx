import { Component, type ReactNode } from 'react';

export type BoundaryProps = {
  /** Shown instead when rendering the children fails. */
  readonly fallback: ReactNode;
  readonly children: ReactNode;
};

/** An error boundary: a failure inside it leaves the rest of the page as it is. */
export class Boundary extends Component<BoundaryProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
