package interop;

import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.simp.stomp.StompHeaders;
import org.springframework.messaging.simp.stomp.StompSession;
import org.springframework.messaging.simp.stomp.StompSessionHandlerAdapter;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.messaging.WebSocketStompClient;

/** A STOMP session and what came on it. */
final class Connection implements AutoCloseable {

    static final long PATIENCE_SECONDS = 10;

    /** One MESSAGE. */
    record Received(StompHeaders headers, byte[] octets) {
        String body() {
            return new String(octets, StandardCharsets.UTF_8);
        }
    }

    final StompSession session;
    final StompHeaders connected;
    private final Handler handler;
    private final Map<String, StompSession.Subscription> subscriptions = new HashMap<>();

    private Connection(StompSession session, Handler handler, StompHeaders connected) {
        this.session = session;
        this.handler = handler;
        this.connected = connected;
    }

    static Connection open(WebSocketStompClient client, String token) throws Exception {
        String scheme = client.getWebSocketClient() instanceof org.springframework.web.socket.sockjs.client.SockJsClient
                ? "http" : "ws";
        String url = System.getenv("SLUICE_HTTP").replaceFirst("http", scheme) + "/ws";
        StompHeaders headers = new StompHeaders();
        headers.add("authorization", "Bearer " + token);
        Handler handler = new Handler();
        StompSession session;
        try {
            session = client.connectAsync(url, new WebSocketHttpHeaders(), headers, handler)
                    .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (Exception error) {
            throw new Refused(handler.error.getNow(null), error);
        }
        session.setAutoReceipt(true);
        // The session is there a moment before its handler is told.
        return new Connection(session, handler, handler.connected.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    /** The gateway did not say CONNECTED; what it said instead. */
    static final class Refused extends Exception {
        final Received error;

        Refused(Received error, Exception cause) {
            super(cause);
            this.error = error;
        }
    }

    BlockingQueue<Received> subscribe(String destination, Map<String, String> more) throws Exception {
        BlockingQueue<Received> inbox = new LinkedBlockingQueue<>();
        StompHeaders headers = headers(destination, more);
        StompSession.Subscription subscription = session.subscribe(headers, new Inbox(inbox));
        subscriptions.put(subscription.getSubscriptionId(), subscription);
        await(subscription, "SUBSCRIBE");
        return inbox;
    }

    BlockingQueue<Received> subscribe(String destination) throws Exception {
        return subscribe(destination, Map.of());
    }

    void unsubscribe(String id) {
        subscriptions.remove(id).unsubscribe();
    }

    void send(String destination, byte[] body, Map<String, String> more) throws Exception {
        await(session.send(headers(destination, more), body), "SEND");
    }

    void send(String destination, String body) throws Exception {
        send(destination, body.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    void acknowledge(Received message, boolean consumed) throws Exception {
        session.acknowledge(message.headers().getAck(), consumed);
    }

    private static StompHeaders headers(String destination, Map<String, String> more) {
        StompHeaders headers = new StompHeaders();
        headers.setDestination(destination);
        more.forEach(headers::add);
        return headers;
    }

    private void await(StompSession.Receiptable frame, String what) throws Exception {
        CompletableFuture<Void> receipt = new CompletableFuture<>();
        frame.addReceiptTask(() -> receipt.complete(null));
        frame.addReceiptLostTask(() -> receipt.completeExceptionally(new AssertionError("the receipt is lost")));
        CompletableFuture.anyOf(receipt, handler.lost).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (!receipt.isDone()) {
            Received error = handler.error.getNow(null);
            String reason = error == null ? "the connection was lost" : error.headers().getFirst("message");
            throw new AssertionError("no receipt of " + what + ": " + reason);
        }
    }

    void awaitLoss() throws Exception {
        handler.lost.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    boolean isLostWithin(long milliseconds) throws Exception {
        try {
            handler.lost.get(milliseconds, TimeUnit.MILLISECONDS);
            return true;
        } catch (java.util.concurrent.TimeoutException stillThere) {
            return false;
        }
    }

    @Override
    public void close() {
        if (session.isConnected()) {
            session.disconnect();
        }
    }

    private record Inbox(BlockingQueue<Received> queue)
            implements org.springframework.messaging.simp.stomp.StompFrameHandler {
        @Override
        public Type getPayloadType(StompHeaders headers) {
            return byte[].class;
        }

        @Override
        public void handleFrame(StompHeaders headers, Object payload) {
            queue.add(new Received(headers, (byte[]) payload));
        }
    }

    private static final class Handler extends StompSessionHandlerAdapter {
        final CompletableFuture<Received> error = new CompletableFuture<>();
        final CompletableFuture<Throwable> lost = new CompletableFuture<>();
        final CompletableFuture<StompHeaders> connected = new CompletableFuture<>();

        @Override
        public void afterConnected(StompSession session, StompHeaders headers) {
            connected.complete(headers);
        }

        @Override
        public Type getPayloadType(StompHeaders headers) {
            return byte[].class;
        }

        /** An ERROR. */
        @Override
        public void handleFrame(StompHeaders headers, Object payload) {
            error.complete(new Received(headers, (byte[]) payload));
        }

        @Override
        public void handleException(
                StompSession session, StompCommand command, StompHeaders headers, byte[] payload, Throwable exception) {
            lost.complete(exception);
        }

        @Override
        public void handleTransportError(StompSession session, Throwable exception) {
            lost.complete(exception);
        }
    }
}
