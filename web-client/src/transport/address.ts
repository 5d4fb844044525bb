/** The gateway's address, for a WebSocket and for HTTP requests. */

/** The address of the WebSocket: `https:` becomes `wss:`, and a path alone belongs to the page's own host. */
export function webSocketAddress(url: string | URL): URL {
  const page = typeof location === 'undefined' ? undefined : location.href;
  const address = new URL(url, page);
  address.protocol = address.protocol.replace(/^http/, 'ws');
  if (address.protocol !== 'ws:' && address.protocol !== 'wss:') {
    throw new TypeError(`the gateway's address is ws:, wss:, http: or https:, not ${address.protocol}`);
  }
  address.hash = '';
  return address;
}

/** Where SockJS lives: the same address over HTTP, and not the WebSocket alone that `…/websocket` is. */
export function sockJsAddress(webSocket: URL): URL {
  const address = new URL(webSocket);
  address.protocol = address.protocol.replace(/^ws/, 'http');
  address.pathname = address.pathname.replace(/\/+$/, '').replace(/\/websocket$/, '');
  return address;
}

/** Where SockJS says what it can do. */
export function infoAddress(sockJs: URL): URL {
  const address = new URL(sockJs);
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/info`;
  return address;
}
