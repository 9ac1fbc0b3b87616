import { type ReactNode, useEffect, useRef, useState } from 'react';

/** A container that scrolls content that is too wide. While it scrolls, it can be focused and moved by the keyboard. */
export function Scroll({ children }: { readonly children: ReactNode }) {
  const room = useRef<HTMLDivElement>(null);
  const [isTooWide, setTooWide] = useState(false);
  useEffect(() => {
    const element = room.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setTooWide(element.scrollWidth > element.clientWidth));
    for (const each of [element, ...element.children]) watch.observe(each);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={room} className="demo-scroll" {...(isTooWide && { tabIndex: 0 })}>
      {children}
    </div>
  );
}
