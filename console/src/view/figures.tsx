/** The row of figures. */
import type { ComponentChildren, JSX } from 'preact';
import { eventsPerSecond, latencyPercentile } from '../model/figures.ts';
import type { World } from '../model/world.ts';
import { useNow } from './connection.tsx';
import { duration, oneDecimal, whole } from './format.ts';

/** How much has arrived, how fast, and how many sessions run. */
export function FiguresRow({ world }: { world: World }): JSX.Element {
  const now = useNow(true, 1_000);
  const { figures } = world;
  const middle = latencyPercentile(figures, 0.5);
  const slow = latencyPercentile(figures, 0.95);
  const sessions = [...world.sessions.values()];
  const running = sessions.filter((session) => session.status === 'running').length;
  return (
    <dl class="figures">
      <Figure name="Sessions running" testid="figure-running" note={`${whole(sessions.length)} seen`}>
        {whole(running)}
      </Figure>
      <Figure name="Events received" testid="figure-received" note="since sign-in">
        {whole(figures.received)}
      </Figure>
      <Figure name="Events per second" testid="figure-rate" note="last ten seconds">
        {oneDecimal(eventsPerSecond(figures, now))}
      </Figure>
      <Figure
        name="Delivery time"
        testid="figure-latency"
        note={slow === undefined ? 'timestamp to arrival' : `95% within ${duration(slow)}; clocks may differ`}
        hint="The median time from the event's own timestamp to its arrival here. The publisher's clock and this device's may differ."
      >
        {middle === undefined ? '–' : duration(middle)}
      </Figure>
    </dl>
  );
}

interface FigureProps {
  name: string;
  testid: string;
  note: string;
  hint?: string;
  children: ComponentChildren;
}

function Figure({ name, testid, note, hint, children }: FigureProps): JSX.Element {
  return (
    <div class="figure card" title={hint}>
      <dt class="label">{name}</dt>
      <dd>
        <span class="figure-value" data-testid={testid}>
          {children}
        </span>
        <span class="muted small">{note}</span>
        {hint !== undefined && <span class="visually-hidden">{hint}</span>}
      </dd>
    </div>
  );
}
