/** An event as it arrived: its headers and its text. */
import type { MessageHeaders } from '../../bindings/protocol.ts';

/** A MESSAGE frame. */
export interface SluiceMessage {
  /** The frame's headers: destination, message-id, event-type, timestamp and so on. */
  readonly headers: MessageHeaders;
  /** The body, as it was on the topic. */
  readonly body: string;
}

/** What an event is where no type is given. */
export interface SluiceEvent {
  readonly eventType: string;
  readonly [member: string]: unknown;
}

/** The names of the event types of a union. */
export type EventType<Event> = Event extends { eventType: infer Type extends string } ? Type : string;

/** The member of a union that has this event type. */
export type EventOf<Event, Type extends string> = Event extends { eventType: infer Own }
  ? Type extends Own
    ? Event
    : never
  : Event;
