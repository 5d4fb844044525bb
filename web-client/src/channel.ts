/** A subscription to a channel, which outlives the connections that carry it. */
import type { IFrame } from '@stomp/stompjs';
import type { MessageHeaders } from '../../bindings/protocol.ts';
import type { Conversation } from './conversation.ts';
import { deferred } from './deferred.ts';
import { SluiceError } from './error.ts';
import { Listeners, type Unlisten } from './listeners.ts';
import type { EventOf, EventType, SluiceMessage } from './message.ts';

/** Is told of each event of a channel. */
export type EventListener<Event> = (event: Event, message: SluiceMessage) => void;

/** What a channel needs from its client. */
export interface ChannelOwner {
  /** A body that is no JSON. */
  parseError: (error: unknown, message: SluiceMessage) => void;
  /** The channel is not wanted any more. */
  forget: () => void;
}

/** A subscription. It is made again by itself after each reconnect. */
export class Subscription<Event> {
  /** The channel subscribed to. */
  readonly destination: string;
  readonly #headers: Record<string, string>;
  readonly #owner: ChannelOwner;
  readonly #listeners = new Listeners<[Event, SluiceMessage]>();
  #attached: { conversation: Conversation; id: string } | undefined;
  #ended = false;
  #ready = deferred();
  #confirmed = false;

  /** @internal */
  constructor(destination: string, headers: Record<string, string>, owner: ChannelOwner) {
    this.destination = destination;
    this.#headers = headers;
    this.#owner = owner;
  }

  /**
   * Done when the gateway has confirmed the subscription; fails when it refuses it. After a lost connection it is a
   * fresh promise, for the subscription made again.
   */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Calls the listener for each event, or for those of one type, which it then knows. */
  on<Type extends EventType<Event>>(
    eventType: Type,
    listener: (event: EventOf<Event, Type>, message: SluiceMessage) => void,
  ): Unlisten {
    return this.#listeners.add((event, message) => {
      if (typeOf(event, message) === eventType) listener(event as EventOf<Event, Type>, message);
    });
  }

  /** Ends the subscription: no listener is called after this. */
  unsubscribe(): void {
    if (this.#ended) return;
    this.#attached?.conversation.unsubscribe(this.#attached.id);
    this.#end(new SluiceError('unsubscribed'));
  }

  /** @internal */
  listen(listener: EventListener<Event>): void {
    this.#listeners.add(listener);
  }

  /** @internal Subscribes on a fresh connection. */
  attach(conversation: Conversation): void {
    const { id, ready } = conversation.subscribe(this.destination, this.#headers, (frame) => {
      // A connection that was given up may still hand over what it had received.
      if (this.#attached?.conversation === conversation) this.#deliver(frame);
    });
    this.#attached = { conversation, id };
    ready.then(
      () => {
        if (this.#attached?.conversation === conversation) this.#confirm();
      },
      (error: SluiceError) => {
        // With a receipt id it is the gateway's answer to this very SUBSCRIBE; without, the connection was lost.
        if (error.receiptId !== undefined && error.closeCode === undefined) this.#end(error);
      },
    );
  }

  /** @internal The connection is gone; another one may come. */
  detach(): void {
    this.#attached = undefined;
    // Who waits for the first confirmation goes on waiting for it.
    if (this.#confirmed) this.#ready = deferred();
    this.#confirmed = false;
  }

  #confirm(): void {
    this.#confirmed = true;
    this.#ready.resolve();
  }

  #end(error: SluiceError): void {
    this.#ended = true;
    this.#attached = undefined;
    this.#ready.reject(error);
    this.#owner.forget();
  }

  #deliver(frame: IFrame): void {
    const message: SluiceMessage = {
      headers: frame.headers as unknown as MessageHeaders,
      body: frame.body,
    };
    let event: Event;
    try {
      event = JSON.parse(message.body) as Event;
    } catch (error) {
      this.#owner.parseError(error, message);
      return;
    }
    this.#listeners.emit(event, message);
  }
}

/** The event's type: from the body where it is there, else from the headers. */
function typeOf(event: unknown, message: SluiceMessage): string | undefined {
  const own = (event as { eventType?: unknown } | null)?.eventType;
  if (typeof own === 'string') return own;
  return (message.headers as unknown as Record<string, string | undefined>)['event-type'];
}
