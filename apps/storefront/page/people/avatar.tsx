/** A person's first letter: drawn by the style sheet, as it is no text that anybody has to read. */
export function Avatar({ name }: { name: string }) {
  return (
    <span
      className="avatar"
      data-person={name}
      data-initial={name.slice(0, 1).toUpperCase()}
      aria-hidden="true"
    />
  );
}
