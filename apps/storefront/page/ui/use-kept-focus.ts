import { type FocusEvent, useEffect, useRef } from 'react';

/**
 * Keeps the focus in a part of the page. When the focused element goes away (a removed row, a sent form), the part
 * itself takes the focus, so that a person at the keyboard does not start again at the top.
 *
 * @example <section {...useKeptFocus<HTMLElement>()}>
 */
export function useKeptFocus<Part extends HTMLElement>() {
  const part = useRef<Part>(null);
  const isInside = useRef(false);

  // After each render, because any render may have removed the focused element.
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
    // The focus goes to no element: the focused one may be about to go away.
    onBlur: ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget !== null) isInside.current = part.current?.contains(relatedTarget) ?? false;
    },
  };
}
