// @stomp/stompjs, as https://stomp-js.github.io/guide/stompjs/using-stompjs-v5.html has it.

import assert from 'node:assert/strict';
import { checks, Refused } from './checks.mjs';
import { link, textOnly } from './links.mjs';
import { control, deferred, eventually, Inbox, runChecks, within } from './report.mjs';

const { Client } = await import(process.env.STOMPJS);
const authorization = (token) => ({ authorization: `Bearer ${token}` });

function newClient(options) {
  return new Client({
    ...link,
    connectHeaders: authorization(process.env.SLUICE_TOKEN),
    heartbeatIncoming: 1000,
    heartbeatOutgoing: 1000,
    reconnectDelay: 0,
    // A peer that says nothing does not answer a close either.
    discardWebsocketOnCommFailure: true,
    ...options,
  });
}

let receipts = 0;

/** Waits for the receipt of what `act` does with that receipt's id, or for the connection to be lost. */
function receipted(client, lost, act) {
  const id = `r:${++receipts}`;
  const received = new Promise((resolve) => client.watchForReceipt(id, resolve));
  act(id);
  const refused = lost.then((reason) => Promise.reject(new Error(`no receipt: ${reason}`)));
  return within(10_000, 'a receipt', Promise.race([received, refused]));
}

async function open({ token }, options = {}) {
  const connected = deferred();
  const lost = deferred();
  let error;
  const client = newClient({
    ...options,
    connectHeaders: authorization(token),
    onConnect: connected.resolve,
    onStompError: (frame) => {
      error = frame;
    },
    onWebSocketClose: (event) => {
      connected.reject(
        error ? new Refused(error, event.code) : new Error(`closed: ${event.code} ${event.reason}`),
      );
      lost.resolve(error?.headers.message ?? `closed with ${event.code}`);
    },
  });
  client.activate();
  const frame = await within(10_000, 'CONNECTED', connected.promise);
  return {
    connected: frame.headers,
    lost: lost.promise,
    isUp: () => client.connected,
    close: () => client.deactivate(),
    async subscribe(to, headers = {}) {
      const inbox = new Inbox();
      await receipted(client, lost.promise, (receipt) => {
        const subscription = client.subscribe(to, (message) => inbox.push(message), { ...headers, receipt });
        inbox.leave = () => subscription.unsubscribe();
      });
      return inbox;
    },
    send(destination, body, headers) {
      const content = body instanceof Uint8Array ? { binaryBody: body } : { body };
      return receipted(client, lost.promise, (receipt) =>
        client.publish({ destination, ...content, headers: { ...headers, receipt } }),
      );
    },
    async begin() {
      const transaction = client.begin();
      return {
        id: transaction.id,
        commit: async () => transaction.commit(),
        abort: async () => transaction.abort(),
      };
    },
  };
}

/** The node dies and comes back: the library connects again, and the application's subscription is there again. */
async function reconnect() {
  const inbox = new Inbox();
  const subscribed = new Inbox();
  const client = newClient({
    reconnectDelay: 200,
    onConnect() {
      client.watchForReceipt('subscribed', () => subscribed.push(true));
      client.subscribe('/user/notes', (message) => inbox.push(message), { receipt: 'subscribed' });
    },
  });
  client.activate();
  try {
    for (const text of ['before', 'after', 'again']) {
      await subscribed.next('the subscription');
      await control(`publish?${text}`);
      assert.equal(JSON.parse((await inbox.next()).body).text, text);
      if (text === 'again') break;
      await control('kill');
      await eventually('the library to notice', () => !client.connected);
      await control('start');
    }
  } finally {
    await client.deactivate();
  }
}

/** Quick turns of activate and deactivate, at once, in mid-handshake and when connected. */
async function churn() {
  const client = newClient();
  for (let turn = 0; turn < 30; turn += 1) {
    const connected = deferred();
    client.onConnect = connected.resolve;
    client.activate();
    if (turn % 3 === 1) await new Promise(setImmediate);
    if (turn % 3 === 2) await within(5000, `CONNECTED in turn ${turn}`, connected.promise);
    await within(5000, `deactivate in turn ${turn}`, client.deactivate());
  }
  const opened = await open({ token: process.env.SLUICE_TOKEN });
  await opened.close();
  await eventually('the gateway to forget the sessions', async () => (await control('sessions')) === '0');
}

/** Large frames cut into many WebSocket messages, as the option for other servers does. */
async function largeMessages(wholeFrames) {
  await wholeFrames();
  if (textOnly) return;
  const session = await open({ token: process.env.SLUICE_TOKEN }, { splitLargeFrames: true });
  const inbox = await session.subscribe('/topic/room/cut');
  const body = 'ä€😀'.repeat(1024 * 128);
  await session.send('/topic/room/cut', body, {});
  assert.ok((await inbox.next()).body === body, 'the cut body came back changed');
  await session.close();
}

const common = checks({ open }, textOnly);
await runChecks({
  ...common,
  'large-message': () => largeMessages(common['large-message']),
  reconnect,
  churn,
});
