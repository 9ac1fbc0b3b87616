import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Room for something that may be too wide. While it is, the keyboard reaches it, to move what is in it. */
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
