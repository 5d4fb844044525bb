/** What a client is doing, for the application to show. */
import type { ConnectedHeaders } from '../../bindings/protocol.ts';
import type { SluiceError } from './error.ts';
import type { TransportName } from './transport/transport.ts';

/** A connection is being made. */
export interface Connecting {
  readonly status: 'connecting';
  /** Attempts that failed since the connection was last good; 0 for the first try. */
  readonly attempt: number;
}

/** Connected: events arrive. */
export interface Connected {
  readonly status: 'connected';
  /** The way that the events come. */
  readonly transport: TransportName;
  /** What the gateway said in its CONNECTED frame. */
  readonly headers: ConnectedHeaders;
}

/** The connection was lost or could not be made; the next attempt starts after a wait. */
export interface Reconnecting {
  readonly status: 'reconnecting';
  /** The number of the attempt that is waited for, from 1. */
  readonly attempt: number;
  /** How long the wait is, in milliseconds. */
  readonly delayMs: number;
  /** Why the last connection ended. */
  readonly error: SluiceError;
}

/** Why a client is closed: it was never started, `close()` was called, or the gateway refused the token. */
export type CloseReason = 'not-started' | 'requested' | 'refused';

/** Not connected, and nothing happens until `connect()` is called. */
export interface Closed {
  readonly status: 'closed';
  readonly reason: CloseReason;
  /** What the gateway said, where it refused. */
  readonly error?: SluiceError;
}

/** What a client is doing. */
export type ConnectionState = Connecting | Connected | Reconnecting | Closed;
