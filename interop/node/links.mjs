// Where the clients connect to: a WebSocket, or SockJS with one transport forced.

import SockJS from 'sockjs-client';
import { WebSocket } from 'ws';

// As @stomp/stompjs' documents say for Node.
Object.assign(globalThis, { WebSocket });

const http = process.env.SLUICE_HTTP;
const transport = process.env.SOCKJS;

/** The part of a stompjs configuration that says where to connect. */
export const link = transport
  ? { webSocketFactory: () => new SockJS(`${http}/ws`, null, { transports: [transport] }) }
  : { brokerURL: `${http.replace('http', 'ws')}/ws` };

/** Why binary bodies cannot be sent, where they cannot. */
export const textOnly = transport && 'SockJS carries text only';

export const newSockJS = () => new SockJS(`${http}/ws`, null, { transports: [transport] });
