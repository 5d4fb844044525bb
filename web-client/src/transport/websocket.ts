/** STOMP on a WebSocket. */
import type { Transport } from './transport.ts';

/** The subprotocols offered, newest first. */
const PROTOCOLS: readonly string[] = ['v12.stomp', 'v11.stomp', 'v10.stomp'];
/** Some proxies swallow the upgrade and never answer. */
const OPEN_WITHIN_MS = 5_000;

/** Makes a WebSocket: the browser's own by default; Node before 22 needs one, for instance of the package `ws`. */
export type WebSocketFactory = (url: string, protocols: string[]) => WebSocket;

/** The browser's own WebSocket. */
const browserWebSocket: WebSocketFactory = (url, protocols) => new WebSocket(url, protocols);

/** A WebSocket to this address. */
export function webSocketTransport(url: URL, make: WebSocketFactory = browserWebSocket): Transport {
  return {
    name: 'websocket',
    openWithinMs: OPEN_WITHIN_MS,
    open: () => make(url.href, [...PROTOCOLS]),
    closeCode: (code) => code,
  };
}
