/** The state of the connection, in a dot and a few words. */
import type { ConnectionState, TransportName } from '@sluice/client';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const NAME: Readonly<Record<TransportName, string>> = { websocket: 'WebSocket', sockjs: 'SockJS' };
const MEANING: Readonly<Record<TransportName, string>> = {
  websocket: 'Events come over a WebSocket.',
  sockjs: 'No WebSocket got through: events come over plain HTTP requests.',
};

interface Props {
  state: ConnectionState;
  since: number;
  onReconnect: () => void;
}

/** The dot, the words, and a button where there is something to hasten. */
export function ConnectionBadge({ state, since, onReconnect }: Props): JSX.Element {
  const now = useNow(state.status === 'reconnecting');
  return (
    <div class="connection" data-testid="connection" data-status={state.status}>
      <span class={`dot ${state.status}`} aria-hidden="true" />
      <span role="status">
        {words(state, since, now)}
        {state.status === 'connected' && (
          <>
            {' '}
            <span class="transport" data-testid="transport" title={MEANING[state.transport]}>
              {NAME[state.transport]}
            </span>
          </>
        )}
      </span>
      {state.status === 'reconnecting' && (
        <button type="button" class="button small" onClick={onReconnect}>
          Try now
        </button>
      )}
    </div>
  );
}

function words(state: ConnectionState, since: number, now: number): string {
  switch (state.status) {
    case 'connected':
      return 'Connected';
    case 'connecting':
      return state.attempt === 0 ? 'Connecting…' : 'Reconnecting…';
    case 'reconnecting': {
      const seconds = Math.max(0, Math.ceil((since + state.delayMs - now) / 1_000));
      return seconds === 0 ? 'Reconnecting…' : `Reconnecting in ${seconds} s`;
    }
    case 'closed':
      return state.reason === 'refused' ? 'Refused' : 'Not connected';
  }
}

/** The clock, ticking four times a second while it matters. */
export function useNow(isTicking: boolean, everyMs = 250): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isTicking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [isTicking, everyMs]);
  return now;
}
