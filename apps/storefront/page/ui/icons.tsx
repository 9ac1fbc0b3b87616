const paths = {
  heart: 'M12 20s-7-4.4-7-10a4 4 0 0 1 7-2.6A4 4 0 0 1 19 10c0 5.6-7 10-7 10z',
  close: 'M6 6l12 12M18 6 6 18',
  bin: 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10 11v5M14 11v5',
  bag: 'M6 9h12l1 11H5zM9 9V7a3 3 0 0 1 6 0v2M12 12.5v4M10 14.5h4',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
} as const;

/** A small icon beside a text, or on a button with an aria-label. Hidden from screen readers. */
export function Icon({ name, isFilled = false }: { name: keyof typeof paths; isFilled?: boolean }) {
  return (
    <svg className={isFilled ? 'icon filled' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
