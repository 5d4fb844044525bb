/** The page's few drawings. Each stands beside words, and is hidden from screen readers. */
import type { ComponentChildren, JSX } from 'preact';

function Icon({ children, size = 16 }: { children: ComponentChildren; size?: number }): JSX.Element {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

/** The product's sign: a gate, and water below it. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" class="logo-ground" />
      <g class="logo-lines" fill="none" stroke-width="2.6" stroke-linecap="round">
        <path d="M8 7v9M16 7v9M24 7v9" />
        <path d="M6 21c3.3-3 6.7 3 10 0s6.7 3 10 0" />
        <path d="M6 26c3.3-3 6.7 3 10 0s6.7 3 10 0" opacity="0.6" />
      </g>
    </svg>
  );
}

/** Done. */
export function Check(): JSX.Element {
  return (
    <Icon>
      <path d="m3.5 8.5 3 3 6-7" />
    </Icon>
  );
}

/** Failed, or: take away. */
export function Cross(): JSX.Element {
  return (
    <Icon>
      <path d="m4 4 8 8M12 4l-8 8" />
    </Icon>
  );
}

/** Something needs attention. */
export function Warning(): JSX.Element {
  return (
    <Icon>
      <path d="M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1" />
    </Icon>
  );
}

/** Something to know. */
export function Info(): JSX.Element {
  return (
    <Icon>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 7.5v3.5M8 5v.1" />
    </Icon>
  );
}

/** Opens and closes. */
export function Chevron(): JSX.Element {
  return (
    <Icon>
      <path d="m6 3.5 4.5 4.5L6 12.5" />
    </Icon>
  );
}

/** A piece of content. */
export function Page(): JSX.Element {
  return (
    <Icon>
      <path d="M4 1.8h5l3.2 3.2v9.2H4zM9 1.8V5h3.2M6.3 8.3h3.7M6.3 10.9h3.7" />
    </Icon>
  );
}
