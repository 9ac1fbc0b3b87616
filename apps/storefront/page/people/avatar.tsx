/** The first letter of a person's name. The style sheet draws it, so that screen readers skip it. */
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
