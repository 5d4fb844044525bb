/** One learning session. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { allStages, type Content, costUsd, lookOf, type Session, tokensUsed } from '../model/session.ts';
import { humanise } from '../model/words.ts';
import { dollars, quality, whole } from './format.ts';
import { Chevron, Page, Warning } from './icons.tsx';
import { Stepper } from './stepper.tsx';
import { Time } from './time.tsx';

const STATUS: Readonly<Record<Session['status'], { words: string; tone: string }>> = {
  running: { words: 'In progress', tone: 'info' },
  completed: { words: 'Completed', tone: 'good' },
  failed: { words: 'Failed', tone: 'bad' },
};

/** A card: the head with the outcome, and the stages below it. `isOpen` says how it starts. */
export function SessionCard({ session, isOpen }: { session: Session; isOpen: boolean }): JSX.Element {
  const [open, setOpen] = useState(isOpen);
  // The card that is opened for the reader closes again when a newer one takes its place.
  useEffect(() => setOpen(isOpen), [isOpen]);
  const status = STATUS[session.status];
  const bodyId = `session-${session.id}`;
  return (
    <article
      class="session card"
      data-testid="session"
      data-session={session.id}
      data-status={session.status}
    >
      <h3 class="session-head">
        <button type="button" aria-expanded={open} aria-controls={bodyId} onClick={() => setOpen(!open)}>
          <span class={`chevron ${open ? 'open' : ''}`}>
            <Chevron />
          </span>
          <span class="session-title" data-testid="subject">
            {session.subject ?? 'A session already under way'}
          </span>
          <span class={`badge ${status.tone}`} data-testid="session-status">
            {status.words}
          </span>
        </button>
      </h3>
      <p class="session-facts muted">
        <span>
          {session.subject === null ? 'First seen' : 'Started'} <Time milliseconds={session.startedMs} />
        </span>
        <Progress session={session} />
        <Outcome session={session} />
      </p>
      {session.status === 'failed' && <Failure session={session} />}
      {!open && <Bar session={session} />}
      <div id={bodyId} hidden={!open}>
        {open && <Stepper session={session} />}
        {open && session.contents.length > 0 && <Contents contents={session.contents} />}
      </div>
    </article>
  );
}

function Progress({ session }: { session: Session }): JSX.Element | null {
  if (session.status !== 'running') return null;
  const stages = allStages(session);
  const done = stages.filter((stage) => stage.status === 'completed').length;
  return (
    <span>
      {done} of {stages.length} stages
      {session.estimatedMinutes !== null && `, about ${whole(session.estimatedMinutes)} min in all`}
    </span>
  );
}

function Outcome({ session }: { session: Session }): JSX.Element {
  const tokens = tokensUsed(session);
  return (
    <>
      {session.actualMinutes !== null && <span>{whole(session.actualMinutes)} min</span>}
      {tokens > 0 && <span>{whole(tokens)} tokens</span>}
      <span class="cost" data-testid="cost">
        {dollars(costUsd(session))}
        {session.status === 'running' && ' so far'}
      </span>
      {session.quality !== null && <span>Quality {quality(session.quality)}</span>}
    </>
  );
}

function Failure({ session }: { session: Session }): JSX.Element {
  return (
    <p class="callout bad" data-testid="session-error">
      <Warning />
      <span>
        <strong>Stopped at {humanise(session.failedAtStage ?? 'an unknown stage')}.</strong> {session.error}
      </span>
    </p>
  );
}

/** The stages of a closed card, as a bar. */
function Bar({ session }: { session: Session }): JSX.Element {
  return (
    <div class="bar" aria-hidden="true">
      {allStages(session).map((stage) => (
        <span key={stage.number} class={lookOf(stage, session)} />
      ))}
    </div>
  );
}

function Contents({ contents }: { contents: readonly Content[] }): JSX.Element {
  return (
    <section class="contents" aria-label="Content made">
      <h4 class="label">Content</h4>
      <ul>
        {contents.map((content) => (
          <li key={content.id} data-testid="content">
            <Page />
            <span class="content-words">
              <span class="content-title">
                {content.title}
                {content.version > 1 && <span class="badge neutral">Version {content.version}</span>}
              </span>
              <span class="muted small">
                {[
                  humanise(content.type),
                  content.words === null ? null : `${whole(content.words)} words`,
                  content.quality === null ? null : `quality ${quality(content.quality)}`,
                  content.changes,
                ]
                  .filter((fact) => fact !== null)
                  .join(' · ')}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
