import { type FocusEvent, useEffect, useRef } from 'react';

/**
 * Keeps the focus in a part of the page: when what had it goes away (a row that was removed, a form that was sent), the
 * part itself takes it, so that nobody who uses a keyboard starts again at the top.
 *
 * @example <section {...useKeptFocus<HTMLElement>()}>
 */
export function useKeptFocus<Part extends HTMLElement>() {
  const part = useRef<Part>(null);
  const isInside = useRef(false);

  // After each drawing: any may have taken the focused element away.
  useEffect(() => {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isInside.current && isLost) part.current?.focus({ preventScroll: true });
  });

  return {
    ref: part,
    tabIndex: -1,
    onFocus: () => {
      isInside.current = true;
    },
    // To nowhere: the element may be about to go away.
    onBlur: ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget !== null) isInside.current = part.current?.contains(relatedTarget) ?? false;
    },
  };
}
