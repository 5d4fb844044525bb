/** The raw events, newest first, with a filter and a pause. */
import { Component, type JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { layOut } from '../model/json.ts';
import { LOG_MAX, type LogEntry } from '../model/world.ts';
import { exactTime, whole } from './format.ts';

/** The log. */
export function EventLog({ log, received }: { log: readonly LogEntry[]; received: number }): JSX.Element {
  const [filter, setFilter] = useState('');
  const [paused, setPaused] = useState<readonly LogEntry[]>();
  const shown = useFiltered(paused ?? log, filter);
  const newer = paused === undefined ? 0 : received - (paused[0]?.number ?? 0);
  return (
    <section class="log card" aria-label="Raw events">
      <div class="log-tools">
        <input
          type="search"
          data-testid="log-filter"
          placeholder="Filter by type, destination or content"
          aria-label="Filter events"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <button
          type="button"
          class="button"
          data-testid="log-pause"
          aria-pressed={paused !== undefined}
          onClick={() => setPaused(paused === undefined ? log : undefined)}
        >
          {paused === undefined ? 'Pause' : newer > 0 ? `Resume (${whole(newer)} new)` : 'Resume'}
        </button>
      </div>
      <div class="log-head label" aria-hidden="true">
        <span>Arrived</span>
        <span>Type</span>
        <span>Destination</span>
        <span>Message id</span>
      </div>
      <ol class="log-rows" data-testid="log">
        {shown.map((entry) => (
          <Row key={entry.number} entry={entry} />
        ))}
      </ol>
      <p class="muted small log-foot">{footOf(log, shown, received, filter)}</p>
    </section>
  );
}

function footOf(
  log: readonly LogEntry[],
  shown: readonly LogEntry[],
  received: number,
  filter: string,
): string {
  if (log.length === 0) return 'Every message appears here as it arrives, untouched.';
  if (filter !== '') return `${whole(shown.length)} of the last ${whole(log.length)} events match.`;
  return received > LOG_MAX
    ? `The last ${whole(LOG_MAX)} of ${whole(received)} events.`
    : `All ${whole(received)} events.`;
}

/** The entries that hold the text; each entry is looked through once per filter. */
function useFiltered(log: readonly LogEntry[], filter: string): readonly LogEntry[] {
  const known = useRef<{ filter: string; matches: WeakMap<LogEntry, boolean> }>(undefined);
  const wanted = filter.trim().toLowerCase();
  if (wanted === '') return log;
  if (known.current?.filter !== wanted) known.current = { filter: wanted, matches: new WeakMap() };
  const { matches } = known.current;
  return log.filter((entry) => {
    const match = matches.get(entry) ?? holds(entry, wanted);
    matches.set(entry, match);
    return match;
  });
}

function holds({ headers, body }: LogEntry, wanted: string): boolean {
  return [headers['event-type'], headers.destination, headers['message-id'], body].some((text) =>
    text?.toLowerCase().includes(wanted),
  );
}

/** One event. It never changes once it is there, so that five hundred of them cost nothing to keep. */
class Row extends Component<{ entry: LogEntry }, { open: boolean }> {
  override state = { open: false };

  override shouldComponentUpdate(_: unknown, next: { open: boolean }): boolean {
    return next.open !== this.state.open;
  }

  override render(): JSX.Element {
    const { entry } = this.props;
    const { open } = this.state;
    const type = entry.headers['event-type'] ?? entry.event.eventType;
    return (
      <li data-testid="log-row" data-type={type}>
        <button
          type="button"
          class="log-row"
          aria-expanded={open}
          onClick={() => this.setState({ open: !open })}
        >
          <time dateTime={new Date(entry.arrivedMs).toISOString()}>{exactTime(entry.arrivedMs)}</time>
          <span class={`log-type kind-${kindOf(type)}`}>
            {type}
            {entry.isDouble && <span class="badge neutral">Again</span>}
          </span>
          <span class="log-destination">{entry.headers.destination}</span>
          <span class="log-id">{entry.headers['message-id']}</span>
        </button>
        {open && <Body text={entry.body} />}
      </li>
    );
  }
}

function Body({ text }: { text: string }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <pre class="json" tabIndex={0} data-testid="log-body">
      {layOut(text).map((piece, index) => (
        <span key={index} class={piece.kind}>
          {piece.text}
        </span>
      ))}
    </pre>
  );
}

const KINDS = new Set(['session', 'agent', 'content', 'payment', 'user', 'system']);

function kindOf(type: string): string {
  const kind = type.split('.')[0] ?? '';
  return KINDS.has(kind) ? kind : 'other';
}
