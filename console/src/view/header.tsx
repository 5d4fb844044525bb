/** The bar on top: the product, the connection, and who is signed in. */
import type { JSX } from 'preact';
import type { Identity } from '../gateway/identity.ts';
import type { Gateway } from '../gateway/use-gateway.ts';
import { shortId } from '../model/words.ts';
import { Avatar } from './avatar.tsx';
import { ConnectionBadge } from './connection.tsx';
import { Logo } from './icons.tsx';

interface Props {
  identity: Identity;
  gateway: Gateway;
  onSignOut: () => void;
}

/** The bar on top. */
export function Header({ identity, gateway, onSignOut }: Props): JSX.Element {
  return (
    <header class="top">
      <div class="top-inner">
        <div class="brand">
          <Logo />
          <span class="brand-name">Sluice</span>
        </div>
        <ConnectionBadge state={gateway.state} since={gateway.since} onReconnect={gateway.reconnect} />
        <div class="who" data-testid="who">
          <Avatar name={identity.name} />
          <span class="who-words">
            <strong>{shortId(identity.name)}</strong>
            <span class="muted small">{identity.isOperator ? 'Operator' : 'Learner'}</span>
          </span>
          <button type="button" class="button small" data-testid="sign-out" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </div>
    </header>
  );
}
