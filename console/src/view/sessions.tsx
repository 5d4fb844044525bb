/** The learning sessions, newest first; for an operator, user by user. */
import type { JSX } from 'preact';
import type { Session } from '../model/session.ts';
import { sessionsByStart, type World } from '../model/world.ts';
import { Avatar } from './avatar.tsx';
import { whole } from './format.ts';
import { useNames } from './names.ts';
import { SessionCard } from './session-card.tsx';

/** Cards that start open. */
const OPEN = 2;

/** All sessions. */
export function Sessions({ world, byUser }: { world: World; byUser: boolean }): JSX.Element {
  const sessions = sessionsByStart(world);
  if (sessions.length === 0) return <NoSessions byUser={byUser} />;
  if (!byUser) return <Cards sessions={sessions} open={OPEN} />;
  return (
    <>
      {[...grouped(sessions)].map(([user, own]) => (
        <UserGroup key={user} user={user} sessions={own} />
      ))}
    </>
  );
}

function UserGroup({ user, sessions }: { user: string; sessions: Session[] }): JSX.Element {
  const name = useNames()(user);
  return (
    <section class="user-group" data-testid="user-group" data-user={user} aria-label={name}>
      <h2 class="user-heading">
        <Avatar name={name} />
        <span>{name}</span>
        <span class="muted small">
          {whole(sessions.length)} {sessions.length === 1 ? 'session' : 'sessions'}
        </span>
      </h2>
      <Cards sessions={sessions} open={1} />
    </section>
  );
}

function Cards({ sessions, open }: { sessions: Session[]; open: number }): JSX.Element {
  return (
    <div class="cards">
      {sessions.map((session, index) => (
        <SessionCard key={session.id} session={session} isOpen={index < open} />
      ))}
    </div>
  );
}

function NoSessions({ byUser }: { byUser: boolean }): JSX.Element {
  return (
    <div class="empty card" data-testid="no-sessions">
      <h2>No learning session yet</h2>
      <p class="muted">
        {byUser
          ? 'As soon as any user starts one, it appears here, under the user it belongs to.'
          : 'As soon as you start one, it appears here.'}{' '}
        You will see each of its eight stages begin and end, with time, tokens and cost, the content that it
        makes, and its outcome.
      </p>
    </div>
  );
}

/** Users in the order of their newest session. */
function grouped(sessions: Session[]): Map<string, Session[]> {
  const groups = new Map<string, Session[]>();
  for (const session of sessions) {
    const group = groups.get(session.userId);
    if (group === undefined) groups.set(session.userId, [session]);
    else group.push(session);
  }
  return groups;
}
