/** Everything the page knows, made of events and of nothing else. */
import type { LearningEvent, MessageHeaders } from '@sluice/client';
import { type Figures, figuresAfter, NO_FIGURES } from './figures.ts';
import { type Notice, noticeOf } from './notice.ts';
import {
  afterContentUpdate,
  afterSessionEvent,
  freshSession,
  type Session,
  type SessionEvent,
} from './session.ts';
import { eventTimeMs } from './time.ts';

/** Sessions kept; the oldest goes first. */
export const SESSIONS_MAX = 200;
/** Notices kept of each kind. */
export const NOTICES_MAX = 50;
/** Raw events kept. */
export const LOG_MAX = 500;
/** Event ids remembered, to know an event that comes twice. */
export const SEEN_MAX = 5_000;

/** An event, as it arrived. */
export interface Arrival {
  readonly event: LearningEvent;
  readonly headers: MessageHeaders;
  readonly body: string;
  /** This browser's clock, in milliseconds since 1970. */
  readonly arrivedMs: number;
}

/** One line of the raw log. */
export interface LogEntry extends Arrival {
  /** Counts from 1. */
  readonly number: number;
  /** An event with the same id came before. */
  readonly isDouble: boolean;
}

/** Everything the page knows. */
export interface World {
  readonly sessions: ReadonlyMap<string, Session>;
  /** Which session a piece of content belongs to. */
  readonly contentSessions: ReadonlyMap<string, string>;
  /** Newest first. */
  readonly account: readonly Notice[];
  /** Newest first. */
  readonly system: readonly Notice[];
  /** Newest first. */
  readonly log: readonly LogEntry[];
  readonly figures: Figures;
  readonly seen: ReadonlySet<string>;
}

/** Before the first event. */
export const EMPTY_WORLD: World = {
  sessions: new Map(),
  contentSessions: new Map(),
  account: [],
  system: [],
  log: [],
  figures: NO_FIGURES,
  seen: new Set(),
};

/** The world after these events. An event whose id was seen before is only logged. */
export function receive(world: World, arrivals: readonly Arrival[]): World {
  const seen = new Set(world.seen);
  const entries: LogEntry[] = [];
  let next = world;
  for (const arrival of arrivals) {
    const id = arrival.event.eventId;
    const isDouble = seen.has(id);
    entries.push({ ...arrival, number: world.figures.received + entries.length + 1, isDouble });
    if (isDouble) continue;
    if (id !== undefined) seen.add(id);
    try {
      next = apply(next, arrival);
    } catch {
      // Not shaped as its type says: it stands in the log, and nothing can be made of it.
    }
  }
  return {
    ...next,
    seen: newest(seen, SEEN_MAX),
    log: [...entries.reverse(), ...world.log].slice(0, LOG_MAX),
    figures: figuresAfter(world.figures, arrivals),
  };
}

/** The sessions, newest first; of those that started in the same millisecond, the one that arrived later. */
export function sessionsByStart(world: World): Session[] {
  const sessions = [...world.sessions.values()].reverse();
  return sessions.sort((left, right) => right.startedMs - left.startedMs);
}

function apply(world: World, { event, arrivedMs }: Arrival): World {
  const atMs = eventTimeMs(event.timestamp) ?? arrivedMs;
  const told = noticeOf(event, atMs);
  if (told !== undefined) {
    return { ...world, [told.kind]: [told.notice, ...world[told.kind]].slice(0, NOTICES_MAX) };
  }
  if (event.eventType === 'content.updated.v1') {
    const session = world.sessions.get(world.contentSessions.get(event.contentId) ?? '');
    return session === undefined ? world : withSession(world, afterContentUpdate(session, event));
  }
  return isSessionEvent(event) ? applyToSession(world, event, atMs) : world;
}

function applyToSession(world: World, event: SessionEvent, atMs: number): World {
  const known = world.sessions.get(event.sessionId);
  const session = known ?? freshSession(event.sessionId, event.userId, atMs);
  const next = withSession(world, afterSessionEvent(session, event, atMs));
  if (event.eventType !== 'content.generated.v1') return next;
  return { ...next, contentSessions: new Map(next.contentSessions).set(event.contentId, event.sessionId) };
}

function withSession(world: World, session: Session): World {
  const sessions = new Map(world.sessions).set(session.id, session);
  if (sessions.size <= SESSIONS_MAX) return { ...world, sessions };
  const oldest = [...sessions.values()].reduce((left, right) =>
    right.startedMs < left.startedMs ? right : left,
  );
  sessions.delete(oldest.id);
  const gone = new Set(oldest.contents.map((content) => content.id));
  const contentSessions = new Map([...world.contentSessions].filter(([id]) => !gone.has(id)));
  return { ...world, sessions, contentSessions };
}

/** Whether the event names a session; an event of a type that this page does not know may still do so. */
function isSessionEvent(event: LearningEvent): event is SessionEvent {
  return SESSION_EVENTS.has(event.eventType) && 'sessionId' in event;
}

const SESSION_EVENTS: ReadonlySet<string> = new Set<SessionEvent['eventType']>([
  'session.started.v1',
  'session.completed.v1',
  'session.failed.v1',
  'agent.started.v1',
  'agent.completed.v1',
  'agent.failed.v1',
  'content.generated.v1',
]);

function newest(ids: ReadonlySet<string>, count: number): ReadonlySet<string> {
  return ids.size <= count ? ids : new Set([...ids].slice(ids.size - count));
}
