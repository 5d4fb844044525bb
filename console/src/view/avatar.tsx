/** A person's initials on a coloured ground. */
import type { JSX } from 'preact';

/** Grounds defined in the style sheet. */
const GROUNDS = 6;

/** The same name always has the same ground. */
export function Avatar({ name }: { name: string }): JSX.Element {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 997;
  return (
    <span class={`avatar ground-${sum % GROUNDS}`} aria-hidden="true">
      {[...name][0]?.toUpperCase()}
    </span>
  );
}
