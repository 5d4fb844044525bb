/** What a way to the gateway is. */

/** The name of a way to the gateway. */
export type TransportName = 'websocket' | 'sockjs';

/** A way to the gateway. */
export interface Transport {
  readonly name: TransportName;
  /** How long it may take to open where another one is left to be tried; without it, as long as the connection may take. */
  readonly openWithinMs?: number;
  /** Makes a socket, which opens by itself. */
  open(): WebSocket | Promise<WebSocket>;
  /** The code that a WebSocket would have been closed with. */
  closeCode(code: number, reason: string): number;
}
