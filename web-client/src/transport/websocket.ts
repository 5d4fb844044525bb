/** The WebSocket under a conversation. */

/** The subprotocols offered, newest first. */
export const PROTOCOLS: readonly string[] = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

/** Makes a WebSocket: the browser's own by default; Node before 22 needs one, for instance of the package `ws`. */
export type WebSocketFactory = (url: string, protocols: string[]) => WebSocket;

/** The browser's own WebSocket. */
export const browserWebSocket: WebSocketFactory = (url, protocols) => new WebSocket(url, protocols);

/** The address to connect to: `https:` becomes `wss:`, and a path alone belongs to the page's own host. */
export function webSocketUrl(url: string | URL): string {
  const page = typeof location === 'undefined' ? undefined : location.href;
  const absolute = new URL(url, page);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  if (absolute.protocol !== 'ws:' && absolute.protocol !== 'wss:') {
    throw new TypeError(`the gateway's address is ws:, wss:, http: or https:, not ${absolute.protocol}`);
  }
  absolute.hash = '';
  return absolute.href;
}
