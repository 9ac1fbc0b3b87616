import { type ReactNode, useLayoutEffect, useRef } from 'react';

export type DialogProps = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
};

/**
 * A modal dialog: the browser's own, which keeps the focus and returns it. It is open while it is rendered. Escape or a
 * press outside closes it.
 */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const { current } = dialog;
    current?.showModal();
    // Before it leaves the document, or the focus would be lost.
    return () => current?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className="dialog-frame"
      aria-label={title}
      // In development React opens it twice, and hears of the first end afterwards.
      onClose={({ currentTarget }) => currentTarget.open || onClose()}
      // Its content covers it, so only what is outside has it as the target.
      onPointerDown={({ target, currentTarget }) => target === currentTarget && onClose()}
    >
      <div className="dialog">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
