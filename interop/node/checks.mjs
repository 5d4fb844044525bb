// What every JavaScript client is asked to do, over the few calls that an adapter offers:
//
//   open({ token }) -> session          rejects with a `Refused` when the gateway says ERROR instead of CONNECTED
//   session.connected                   the headers of CONNECTED
//   session.subscribe(to, headers)      an Inbox of the library's own messages, once the receipt is there; its `leave()`
//                                       is the library's own way to unsubscribe
//   session.send(to, body, headers)     resolves with the receipt; a Uint8Array goes as a binary body
//   session.begin()                     { id, commit(), abort() }
//   session.lost                        resolves when the connection is gone
//   session.isUp()                      whether the library thinks that it is connected
//   session.close()                     the library's own way to leave

import assert from 'node:assert/strict';
import { control, eventually, pause, Skip, within } from './report.mjs';

/** The gateway's refusal: the ERROR's headers and body, and the code that the connection closed with. */
export class Refused extends Error {
  constructor(frame, code) {
    super(`ERROR ${frame.headers.message}`);
    this.frame = frame;
    this.code = code;
  }
}

const MEBIBYTE = 1024 * 1024;
const AWKWARD = 'colon: back\\slash,\nnew line, ☃ und знач';

let rooms = 0;
const room = () => `/topic/room/${process.pid}/${++rooms}`;
const bodies = (messages) => messages.map((message) => message.body);

/** The checks; `textOnly` says why this client's link carries no binary bodies, where it does not. */
export function checks(adapter, textOnly = undefined) {
  const session = async (use) => {
    const opened = await adapter.open({ token: process.env.SLUICE_TOKEN });
    try {
      return await use(opened);
    } finally {
      await within(5000, 'the session to close', opened.close());
    }
  };
  return {
    connect: () =>
      session(async ({ connected }) => {
        assert.equal(connected.version, '1.2');
        assert.equal(connected['user-name'], 'ada%3Alovelace');
        assert.match(connected.server, /^sluice/i);
      }),

    'wrong-token': async () => {
      const refusal = await adapter.open({ token: process.env.SLUICE_WRONG_TOKEN }).then(
        () => assert.fail('connected with a token of somebody else'),
        (error) => error,
      );
      assert.ok(refusal instanceof Refused, String(refusal));
      assert.match(refusal.frame.headers.message, /token/);
      assert.ok(refusal.frame.body.length > 0, 'the ERROR has no body that explains');
      assert.equal(refusal.code, 4004);
    },

    'subscribe-receipt': () => session(({ subscribe }) => subscribe(room())),

    ...bodiesAndHeaders(session, textOnly),
    ...acknowledgements(session),
    ...transactions(session),
    ...heartbeats(adapter, session),

    disconnect: async () => {
      const opened = await adapter.open({ token: process.env.SLUICE_TOKEN });
      await opened.subscribe(room());
      await within(2000, 'the library to leave', opened.close());
      await eventually('the gateway to forget the session', async () => (await control('sessions')) === '0');
    },
  };
}

function bodiesAndHeaders(session, textOnly) {
  return {
    'send-receive': () =>
      session(async ({ subscribe, send }) => {
        const to = room();
        const [one, two] = [await subscribe(to), await subscribe(to)];
        await send(to, 'Grüße, ☃\0!', { 'content-type': 'text/plain;charset=utf-8', 'x-mood': 'calm' });
        const [first, second] = [await one.next(), await two.next()];
        assert.equal(first.body, 'Grüße, ☃\0!');
        assert.equal(first.headers['content-type'], 'text/plain;charset=utf-8');
        assert.equal(first.headers['x-mood'], 'calm');
        assert.equal(first.headers.destination, to);
        assert.match(first.headers['message-id'], /^[A-Za-z0-9._-]+-\d+$/);
        assert.equal(second.body, first.body);
        assert.notEqual(second.headers.subscription, first.headers.subscription);
      }),

    'http-publish': () =>
      session(async ({ subscribe }) => {
        const inbox = await subscribe('/user/notes');
        await control(`publish?${process.pid}`);
        const message = await inbox.next();
        assert.equal(JSON.parse(message.body).text, String(process.pid));
        assert.equal(message.headers['event-type'], 'note.written');
        assert.equal(message.headers.destination, '/topic/user/ada%3Alovelace/notes');
      }),

    headers: () =>
      session(async ({ subscribe, send }) => {
        const to = room();
        const inbox = await subscribe(to, { id: 'id: with\\all\nof it ☃' });
        await send(to, 'x', { 'x-awkward': AWKWARD, 'x-ключ': 'знач', 'x-empty': '' });
        const { headers } = await inbox.next();
        assert.equal(headers['x-awkward'], AWKWARD);
        assert.equal(headers['x-ключ'], 'знач');
        assert.equal(headers['x-empty'], '');
        assert.equal(headers.subscription, 'id: with\\all\nof it ☃');
      }),

    'binary-body': () =>
      session(async ({ subscribe, send }) => {
        if (textOnly) throw new Skip(textOnly);
        const to = room();
        const inbox = await subscribe(to);
        const octets = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);
        await send(to, octets, { 'content-type': 'application/octet-stream' });
        assert.deepEqual(Uint8Array.from((await inbox.next()).binaryBody), octets);
      }),

    'large-message': () =>
      session(async ({ subscribe, send }) => {
        const to = room();
        const inbox = await subscribe(to);
        const large = 'größer '.repeat(MEBIBYTE / 9 + 1);
        assert.ok(Buffer.byteLength(large) >= MEBIBYTE);
        await send(to, large, {});
        assert.ok((await inbox.next()).body === large, 'the large body came back changed');
      }),
  };
}

/** The auto subscription shows when all are through, so that a missing message is missing and not late. */
async function five(subscribe, send, ack) {
  const to = room();
  const all = await subscribe(to);
  const some = await subscribe(to, { ack, 'prefetch-count': '2' });
  for (const body of ['1', '2', '3', '4', '5']) await send(to, body, {});
  await all.take(5);
  return some;
}

function acknowledgements(session) {
  return {
    'ack-client': () =>
      session(async ({ subscribe, send }) => {
        const inbox = await five(subscribe, send, 'client');
        const first = await inbox.take(2);
        assert.deepEqual(bodies(first), ['1', '2']);
        assert.equal(inbox.size, 0, 'more than `prefetch-count` came unacknowledged');
        first[1].ack();
        const second = await inbox.take(2);
        assert.deepEqual(bodies(second), ['3', '4']);
        second[1].ack();
        assert.deepEqual(bodies(await inbox.take(1)), ['5']);
      }),

    'ack-individual': () =>
      session(async ({ subscribe, send }) => {
        const inbox = await five(subscribe, send, 'client-individual');
        const [first, second] = await inbox.take(2);
        assert.deepEqual(bodies([first, second]), ['1', '2']);
        second.ack();
        const third = await inbox.next();
        assert.equal(third.body, '3');
        await send(room(), 'a receipt, behind which a message of the acknowledged kind would have come', {});
        assert.equal(inbox.size, 0, 'an ACK of the second also acknowledged the first');
        first.ack();
        third.ack();
        assert.deepEqual(bodies(await inbox.take(2)), ['4', '5']);
      }),

    'ack-again': () =>
      session(async ({ subscribe, send }) => {
        const to = room();
        const how = { id: 'again', ack: 'client-individual' };
        const inbox = await subscribe(to, how);
        for (const body of ['1', '2', '3']) await send(to, body, {});
        const [, second] = await inbox.take(3);
        second.ack();
        inbox.leave();
        const again = await subscribe(to, how);
        assert.deepEqual(bodies(await again.take(2)), ['1', '3']);
      }),

    nack: () =>
      session(async ({ subscribe, send, isUp }) => {
        const inbox = await five(subscribe, send, 'client-individual');
        const [first, second] = await inbox.take(2);
        first.nack();
        second.ack();
        // Whether it comes again is the gateway's business; the others come, and the session goes on.
        const seen = new Set();
        while (!seen.has('5')) {
          const message = await inbox.next();
          seen.add(message.body);
          message.ack();
        }
        assert.ok(isUp());
      }),
  };
}

function transactions(session) {
  return {
    'transaction-commit': () =>
      session(async ({ subscribe, send, begin }) => {
        const to = room();
        const inbox = await subscribe(to);
        const transaction = await begin();
        await send(to, 'one', { transaction: transaction.id });
        await send(to, 'two', { transaction: transaction.id });
        await send(to, 'outside', {});
        assert.equal((await inbox.next()).body, 'outside');
        await transaction.commit();
        assert.deepEqual(bodies(await inbox.take(2)), ['one', 'two']);
      }),

    'transaction-abort': () =>
      session(async ({ subscribe, send, begin }) => {
        const to = room();
        const inbox = await subscribe(to);
        const transaction = await begin();
        await send(to, 'never', { transaction: transaction.id });
        await transaction.abort();
        await send(to, 'after', {});
        assert.equal((await inbox.next()).body, 'after');
      }),
  };
}

function heartbeats(adapter, session) {
  return {
    'heartbeat-kept': () =>
      session(async ({ subscribe, send, lost, isUp }) => {
        const to = room();
        const inbox = await subscribe(to);
        // Nothing to wait for: the point is that nothing happens.
        await Promise.race([pause(3500), lost]);
        assert.ok(isUp(), 'the connection was lost in silence');
        await send(to, 'still here', {});
        assert.equal((await inbox.next()).body, 'still here');
      }),

    'heartbeat-missed-by-gateway': async () => {
      const opened = await adapter.open({ token: process.env.SLUICE_TOKEN });
      await control('freeze');
      try {
        await within(10_000, 'the library to notice', opened.lost);
      } finally {
        await control('thaw');
      }
      await within(5000, 'the session to close', opened.close());
      await eventually('the gateway to forget the session', async () => (await control('sessions')) === '0');
    },

    'heartbeat-missed-by-client': async () => {
      const opened = await adapter.open({ token: process.env.SLUICE_TOKEN });
      const cut = await control('sleep-client?5');
      assert.equal(cut, '1', 'sessions that the gateway cut for silence');
      await within(10_000, 'the library to notice', opened.lost);
      await within(5000, 'the session to close', opened.close());
    },
  };
}
