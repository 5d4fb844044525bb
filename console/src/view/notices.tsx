/** What is told to a person: the platform's notices and the account's. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Notice, Tone } from '../model/notice.ts';
import { humanise } from '../model/words.ts';
import type { World } from '../model/world.ts';
import { Check, Cross, Info, Warning } from './icons.tsx';
import { useNames } from './names.ts';
import { Time } from './time.tsx';

/** Notices of a list that are shown at first. */
const SHOWN = 6;

/** Both lists. */
export function Notices({ world, byUser }: { world: World; byUser: boolean }): JSX.Element {
  return (
    <>
      <NoticeList
        title="System"
        testid="system-notices"
        notices={world.system}
        empty="Maintenance and alerts of the platform appear here."
        byUser={false}
      />
      <NoticeList
        title={byUser ? 'Accounts' : 'Account'}
        testid="account-notices"
        notices={world.account}
        empty="Payments and changes of the account appear here."
        byUser={byUser}
      />
    </>
  );
}

/** The newest notice of the platform that is a warning or worse, until it is dismissed. */
export function Banner({ notices }: { notices: readonly Notice[] }): JSX.Element | null {
  const [dismissed, setDismissed] = useState('');
  const notice = notices.find(({ tone }) => tone === 'bad' || tone === 'warning');
  if (notice === undefined || notice.id === dismissed) return null;
  return (
    <div
      class={`banner ${notice.tone}`}
      role={notice.tone === 'bad' ? 'alert' : 'status'}
      data-testid="banner"
    >
      <Warning />
      <span class="grow">
        <strong>{notice.title}</strong> <span>{notice.detail}</span>
      </span>
      <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => setDismissed(notice.id)}>
        <Cross />
      </button>
    </div>
  );
}

interface ListProps {
  title: string;
  testid: string;
  notices: readonly Notice[];
  empty: string;
  byUser: boolean;
}

function NoticeList({ title, testid, notices, empty, byUser }: ListProps): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? notices : notices.slice(0, SHOWN);
  return (
    <section class="notices card" data-testid={testid} aria-label={`${title} notices`}>
      <h2 class="label">{title}</h2>
      {notices.length === 0 && <p class="muted small">{empty}</p>}
      <ul>
        {shown.map((notice) => (
          <Item key={notice.id} notice={notice} byUser={byUser} />
        ))}
      </ul>
      {notices.length > SHOWN && (
        <button type="button" class="button small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${notices.length}`}
        </button>
      )}
    </section>
  );
}

function Item({ notice, byUser }: { notice: Notice; byUser: boolean }): JSX.Element {
  const nameOf = useNames();
  return (
    <li class="notice" data-testid="notice" data-tone={notice.tone}>
      <span class={`notice-sign ${notice.tone}`}>
        <Sign tone={notice.tone} />
      </span>
      <span class="notice-words">
        <strong>{notice.title}</strong>
        <span class="small">{notice.detail}</span>
        <span class="muted small">
          {notice.severity !== null && `${humanise(notice.severity)} · `}
          {byUser && notice.userId !== null && `${nameOf(notice.userId)} · `}
          <Time milliseconds={notice.atMs} />
        </span>
      </span>
    </li>
  );
}

function Sign({ tone }: { tone: Tone }): JSX.Element {
  if (tone === 'good') return <Check />;
  return tone === 'info' ? <Info /> : <Warning />;
}
