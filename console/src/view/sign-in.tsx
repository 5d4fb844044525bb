/** Choosing who to be: one of the demo's users, or the owner of a pasted token. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type DemoUser, demoUsers } from '../gateway/demo.ts';
import { type Identity, identityOfToken } from '../gateway/identity.ts';
import { Avatar } from './avatar.tsx';
import { Chevron, Logo } from './icons.tsx';

type SignIn = (identity: Identity) => void;
type Users = DemoUser[] | 'loading' | 'none' | Error;

/** The page before anybody is signed in. */
export function SignInPage({ onSignIn }: { onSignIn: SignIn }): JSX.Element {
  const [users, setUsers] = useState<Users>('loading');
  useEffect(() => {
    demoUsers().then(
      (found) => setUsers(found ?? 'none'),
      (error: Error) => setUsers(error),
    );
  }, []);
  return (
    <main class="sign-in" data-testid="sign-in">
      <div class="sign-in-card card">
        <div class="brand">
          <Logo />
          <span class="brand-name">Sluice</span>
        </div>
        <h1>Watch your events arrive</h1>
        <p class="muted">Sign in to see what the gateway delivers to one user, the moment it happens.</p>
        <DemoUsers users={users} onSignIn={onSignIn} />
        <TokenForm isAlone={users === 'none'} onSignIn={onSignIn} />
      </div>
    </main>
  );
}

function DemoUsers({ users, onSignIn }: { users: Users; onSignIn: SignIn }): JSX.Element | null {
  if (users === 'none') return null;
  if (users === 'loading') return <p class="muted">Asking the gateway for its demo users…</p>;
  if (users instanceof Error) {
    return (
      <p class="callout bad" role="alert">
        The demo users could not be read: {users.message}.
      </p>
    );
  }
  return (
    <section aria-labelledby="demo-users">
      <h2 id="demo-users" class="label">
        Demo users
      </h2>
      <ul class="user-list">
        {users.map((user) => (
          <li key={user.user}>
            <button
              type="button"
              class="user-choice"
              data-testid="user-choice"
              data-name={user.name}
              onClick={() => onSignIn(identityOf(user))}
            >
              <Avatar name={user.name} />
              <span class="grow">
                <strong>{user.name}</strong>
                <span class="muted small">
                  {user.role === 'operator'
                    ? 'Operator: sees every user'
                    : 'Learner: sees only their own sessions'}
                </span>
              </span>
              <Chevron />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function identityOf({ user, name, role }: DemoUser): Identity {
  return { kind: 'demo', user, name, isOperator: role === 'operator' };
}

function TokenForm({ isAlone, onSignIn }: { isAlone: boolean; onSignIn: SignIn }): JSX.Element {
  const [pasted, setPasted] = useState('');
  const [problem, setProblem] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    const identity = identityOfToken(pasted);
    if (typeof identity === 'string') setProblem(identity);
    else onSignIn(identity);
  };
  return (
    <form class="token-form" onSubmit={submit}>
      <label class="label" for="token">
        {isAlone ? 'Your token' : 'Or paste a token'}
      </label>
      <textarea
        id="token"
        data-testid="token"
        rows={3}
        spellcheck={false}
        autocomplete="off"
        placeholder="eyJhbGciOi…"
        aria-describedby="token-help"
        aria-invalid={problem !== ''}
        value={pasted}
        onInput={(event) => setPasted(event.currentTarget.value)}
      />
      <p id="token-help" class="muted small">
        A JSON Web Token that the gateway believes. <code>sluice token --user ana</code> signs one for
        development.
      </p>
      {problem !== '' && (
        <p class="callout bad" role="alert" data-testid="token-problem">
          {problem}
        </p>
      )}
      <button type="submit" class="button primary" data-testid="connect">
        Connect
      </button>
    </form>
  );
}
