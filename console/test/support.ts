/** Events for the tests of the model. */
import type { LearningEvent, LearningEventOf, LearningEventType, MessageHeaders } from '@sluice/client';
import { type Arrival, EMPTY_WORLD, receive, type World } from '../src/model/world.ts';

/** The start of the tests' clock, in epoch seconds. */
export const START = 1_755_072_930;
let count = 0;

type Own<Type extends LearningEventType> = Omit<
  LearningEventOf<Type>,
  'eventType' | 'eventId' | 'timestamp' | 'correlationId' | 'causationId' | 'userId' | 'metadata'
>;

/** An event of this type, so many seconds after the start. */
export function event<Type extends LearningEventType>(
  eventType: Type,
  seconds: number,
  own: Own<Type>,
  more: Partial<LearningEvent> = {},
): LearningEvent {
  count += 1;
  return {
    eventType,
    eventId: `event-${count}`,
    timestamp: START + seconds,
    correlationId: 'correlation',
    causationId: null,
    userId: 'ana',
    metadata: { source: 'test', version: '1', environment: 'test', region: 'test', schemaVersion: '1.0' },
    ...own,
    ...more,
  } as unknown as LearningEvent;
}

/** The event, arrived 25 milliseconds after it was sent. */
export function arrival(from: LearningEvent): Arrival {
  return {
    event: from,
    headers: { destination: '/topic/user/ana', 'message-id': 's-1' } as MessageHeaders,
    body: JSON.stringify(from),
    arrivedMs: Number(from.timestamp) * 1_000 + 25,
  };
}

/** The world after these events. */
export function worldOf(...events: LearningEvent[]): World {
  return receive(EMPTY_WORLD, events.map(arrival));
}
