/** The public names of `@sluice/client`. */
export type * from '../../bindings/index.ts';
export type { BackoffOptions } from './backoff.ts';
export type { EventListener, Subscription } from './channel.ts';
export { SluiceClient, type SluiceOptions, type SubscribeOptions } from './client.ts';
export { SluiceError } from './error.ts';
export type { Unlisten } from './listeners.ts';
export type { EventOf, EventType, SluiceEvent, SluiceMessage } from './message.ts';
export type { Closed, CloseReason, Connected, Connecting, ConnectionState, Reconnecting } from './state.ts';
export { tokenClaims, tokenExpiry } from './token.ts';
export type { SockJsConstructor, SockJsImport, SockJsOptions } from './transport/sockjs.ts';
export type { TransportName } from './transport/transport.ts';
export type { WebSocketFactory } from './transport/websocket.ts';
