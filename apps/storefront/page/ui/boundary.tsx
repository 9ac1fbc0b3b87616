import { Component, type ReactNode } from 'react';

export type BoundaryProps = {
  /** What stands there instead when drawing it failed. */
  readonly fallback: ReactNode;
  readonly children: ReactNode;
};

/** A part of the page that fails alone: the others stay as they are. */
export class Boundary extends Component<BoundaryProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
