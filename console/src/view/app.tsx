/** The whole page. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { demoUsers } from '../gateway/demo.ts';
import { type Identity, storedIdentity, storeIdentity } from '../gateway/identity.ts';
import { type Gateway, useGateway } from '../gateway/use-gateway.ts';
import { EventLog } from './event-log.tsx';
import { FiguresRow } from './figures.tsx';
import { whole } from './format.ts';
import { Header } from './header.tsx';
import { Names } from './names.ts';
import { Banner, Notices } from './notices.tsx';
import { Sessions } from './sessions.tsx';
import { SignInPage } from './sign-in.tsx';

/** The page: signing in, or what the signed-in user sees. */
export function App(): JSX.Element {
  const [identity, setIdentity] = useState<Identity | undefined>(storedIdentity);
  const signIn = (next: Identity | undefined) => {
    storeIdentity(next);
    setIdentity(next);
  };
  if (identity === undefined) return <SignInPage onSignIn={signIn} />;
  return <SignedIn key={identity.user} identity={identity} onSignOut={() => signIn(undefined)} />;
}

function SignedIn({ identity, onSignOut }: { identity: Identity; onSignOut: () => void }): JSX.Element {
  const gateway = useGateway(identity);
  const names = useDemoNames(identity);
  return (
    <Names.Provider value={names}>
      <Header identity={identity} gateway={gateway} onSignOut={onSignOut} />
      <main class="page">
        <h1 class="visually-hidden">What the gateway delivers to {identity.name}</h1>
        <Banner notices={gateway.world.system} />
        <Problems gateway={gateway} onSignOut={onSignOut} />
        <FiguresRow world={gateway.world} />
        <Panels gateway={gateway} byUser={identity.isOperator} />
      </main>
    </Names.Provider>
  );
}

type Tab = 'sessions' | 'notices' | 'events';

function Panels({ gateway, byUser }: { gateway: Gateway; byUser: boolean }): JSX.Element {
  const [tab, setTab] = useState<Tab>('sessions');
  const { world } = gateway;
  const notices = world.account.length + world.system.length;
  const tabs: [Tab, string, number][] = [
    ['sessions', 'Sessions', world.sessions.size],
    ['notices', 'Notices', notices],
    ['events', 'Events', world.figures.received],
  ];
  return (
    <>
      <nav class="tabs" aria-label="Views">
        {tabs.map(([name, words, count]) => (
          <button
            key={name}
            type="button"
            class={`tab tab-${name}`}
            aria-current={tab === name ? 'page' : undefined}
            data-testid={`tab-${name}`}
            onClick={() => setTab(name)}
          >
            {words} <span class="count">{whole(count)}</span>
          </button>
        ))}
      </nav>
      <div class={`panels show-${tab}`}>
        <div class="panel panel-sessions">
          <Sessions world={world} byUser={byUser} />
        </div>
        <aside class="panel panel-notices" aria-label="Notices">
          <Notices world={world} byUser={byUser} />
        </aside>
        <div class="panel panel-events">
          {tab === 'events' && <EventLog log={world.log} received={world.figures.received} />}
        </div>
      </div>
    </>
  );
}

function Problems({ gateway, onSignOut }: { gateway: Gateway; onSignOut: () => void }): JSX.Element {
  const { state, refusals } = gateway;
  return (
    <>
      {state.status === 'closed' && state.reason === 'refused' && (
        <div class="callout bad" role="alert" data-testid="refused">
          <span class="grow">
            <strong>The gateway did not accept this token.</strong> {state.error?.message}
          </span>
          <button type="button" class="button small" onClick={onSignOut}>
            Sign in again
          </button>
        </div>
      )}
      {state.status === 'reconnecting' && (
        <p class="callout warning" data-testid="lost">
          Not connected: {state.error.message}. Events that happen meanwhile are not shown.
        </p>
      )}
      {refusals.map((refusal) => (
        <p key={refusal} class="callout bad" role="alert" data-testid="subscription-refused">
          The gateway refused the subscription to {refusal}
        </p>
      ))}
    </>
  );
}

/** The names of the demo's users, for an operator's eyes. */
function useDemoNames(identity: Identity): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(
    () => new Map([[identity.user, identity.name]]),
  );
  useEffect(() => {
    if (identity.kind !== 'demo') return;
    demoUsers().then(
      (users) => setNames(new Map(users?.map(({ user, name }) => [user, name]))),
      () => {
        // Ids do as well.
      },
    );
  }, [identity]);
  return names;
}
