// @stomp/rx-stomp, as https://stomp-js.github.io/guide/rx-stomp/rx-stomp-with-angular.html has it.

import assert from 'node:assert/strict';
import { RxStomp, RxStompState } from '@stomp/rx-stomp';
import { filter, firstValueFrom, skip, take, timeout } from 'rxjs';
import { checks, Refused } from './checks.mjs';
import { link, textOnly } from './links.mjs';
import { control, eventually, Inbox, runChecks, within } from './report.mjs';

function configured(options) {
  const stomp = new RxStomp();
  stomp.configure({
    ...link,
    connectHeaders: { authorization: `Bearer ${process.env.SLUICE_TOKEN}` },
    heartbeatIncoming: 1000,
    heartbeatOutgoing: 1000,
    reconnectDelay: 0,
    discardWebsocketOnCommFailure: true,
    ...options,
  });
  return stomp;
}

let receipts = 0;

async function receipted(stomp, lost, act) {
  const id = `r:${++receipts}`;
  const received = stomp.asyncReceipt(id);
  act(id);
  const refused = lost.then(({ code }) => Promise.reject(new Error(`no receipt: closed with ${code}`)));
  await within(10_000, 'a receipt', Promise.race([received, refused]));
}

async function open({ token }) {
  const stomp = configured({ connectHeaders: { authorization: `Bearer ${token}` } });
  const errors = [];
  stomp.stompErrors$.subscribe((frame) => errors.push(frame));
  stomp.activate();
  // The library tells that the link closed, and not with which code.
  const lost = new Promise((resolve) => {
    stomp.stompClient.onWebSocketClose = chain(stomp.stompClient.onWebSocketClose, resolve);
  });
  const outcome = await within(
    10_000,
    'CONNECTED',
    Promise.race([
      firstValueFrom(stomp.connected$.pipe(filter((state) => state === RxStompState.OPEN))),
      lost,
    ]),
  );
  if (outcome !== RxStompState.OPEN) {
    const refusal = errors[0] ? new Refused(errors[0], outcome.code) : new Error(`closed: ${outcome.code}`);
    await stomp.deactivate();
    throw refusal;
  }
  const headers = await firstValueFrom(stomp.serverHeaders$);
  return {
    connected: headers,
    lost,
    isUp: () => stomp.connected(),
    close: () => stomp.deactivate(),
    async subscribe(destination, headers = {}) {
      const inbox = new Inbox();
      await receipted(stomp, lost, (receipt) => {
        const watched = stomp.watch({ destination, subHeaders: { ...headers, receipt } });
        const subscription = watched.subscribe((message) => inbox.push(message));
        inbox.leave = () => subscription.unsubscribe();
      });
      return inbox;
    },
    send(destination, body, headers) {
      const content = body instanceof Uint8Array ? { binaryBody: body } : { body };
      return receipted(stomp, lost, (receipt) =>
        stomp.publish({ destination, ...content, headers: { ...headers, receipt } }),
      );
    },
    async begin() {
      const transaction = stomp.stompClient.begin();
      return {
        id: transaction.id,
        commit: async () => transaction.commit(),
        abort: async () => transaction.abort(),
      };
    },
  };
}

const chain = (first, second) => (event) => {
  first?.(event);
  second(event);
};

/** `watch` subscribes again by itself, and what is published while the node is down goes out when it is back. */
async function reconnect() {
  const stomp = configured({ reconnectDelay: 200 });
  const notes = new Inbox();
  const room = new Inbox();
  stomp.watch('/user/notes').subscribe((message) => notes.push(message));
  stomp.watch('/topic/room/rx').subscribe((message) => room.push(message));
  stomp.activate();
  try {
    await firstValueFrom(stomp.connected$);
    // A round trip on the same connection: the subscriptions ahead of it are in place.
    stomp.publish({ destination: '/topic/room/rx', body: 'before' });
    assert.equal((await room.next()).body, 'before');
    await control('kill');
    await eventually('the library to notice', () => !stomp.connected());
    stomp.publish({ destination: '/topic/room/rx', body: 'while down' });
    const back = firstValueFrom(
      stomp.connectionState$.pipe(
        skip(1),
        filter((state) => state === RxStompState.OPEN),
        take(1),
        timeout(10_000),
      ),
    );
    await control('start');
    await back;
    assert.equal((await room.next('what was published while the node was down')).body, 'while down');
    await control('publish?after');
    assert.equal(JSON.parse((await notes.next()).body).text, 'after');
  } finally {
    await stomp.deactivate();
  }
}

async function churn() {
  const stomp = configured();
  for (let turn = 0; turn < 30; turn += 1) {
    stomp.activate();
    if (turn % 3 === 1) await new Promise(setImmediate);
    if (turn % 3 === 2) await within(5000, `CONNECTED in turn ${turn}`, firstValueFrom(stomp.connected$));
    await within(5000, `deactivate in turn ${turn}`, stomp.deactivate());
  }
  await eventually('the gateway to forget the sessions', async () => (await control('sessions')) === '0');
}

await runChecks({ ...checks({ open }, textOnly), reconnect, churn });
