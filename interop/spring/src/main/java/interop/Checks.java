package interop;

import static interop.Require.equal;
import static interop.Require.require;

import interop.Connection.Received;
import interop.Main.Check;
import interop.Main.Skip;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.springframework.web.socket.messaging.WebSocketStompClient;

/** What Spring's client is asked to do. */
final class Checks {

    private static final String AWKWARD = "colon: back\\slash,\nnew line, ☃ und знач";
    private static final String TOKEN = System.getenv("SLUICE_TOKEN");
    private static final int MEBIBYTE = 1024 * 1024;
    private static final Check NO_TRANSACTIONS = () -> {
        throw new Skip("Spring's StompSession has no transactions");
    };

    private final WebSocketStompClient client;
    private final boolean textOnly;
    private int rooms;

    Checks(WebSocketStompClient client, boolean textOnly) {
        this.client = client;
        this.textOnly = textOnly;
    }

    Map<String, Check> all() {
        return Map.ofEntries(
                Map.entry("connect", this::connect),
                Map.entry("wrong-token", this::wrongToken),
                Map.entry("subscribe-receipt", this::subscribeReceipt),
                Map.entry("send-receive", this::sendReceive),
                Map.entry("http-publish", this::httpPublish),
                Map.entry("headers", this::headers),
                Map.entry("binary-body", this::binaryBody),
                Map.entry("large-message", this::largeMessage),
                Map.entry("ack-client", this::ackClient),
                Map.entry("ack-individual", this::ackIndividual),
                Map.entry("ack-again", this::ackAgain),
                Map.entry("nack", this::nack),
                Map.entry("transaction-commit", NO_TRANSACTIONS),
                Map.entry("transaction-abort", NO_TRANSACTIONS),
                Map.entry("heartbeat-kept", this::heartbeatKept),
                Map.entry("heartbeat-missed-by-gateway", this::heartbeatMissedByGateway),
                Map.entry("heartbeat-missed-by-client", this::heartbeatMissedByClient),
                Map.entry("disconnect", this::disconnect),
                Map.entry("reconnect", this::reconnect),
                Map.entry("churn", this::churn));
    }

    private Connection open() throws Exception {
        return Connection.open(client, TOKEN);
    }

    private String room() {
        rooms += 1;
        return "/topic/room/" + ProcessHandle.current().pid() + "/" + rooms;
    }

    private static Received next(BlockingQueue<Received> inbox) throws Exception {
        Received message = inbox.poll(Connection.PATIENCE_SECONDS, TimeUnit.SECONDS);
        require(message != null, "no message in time");
        return message;
    }

    private static void expect(BlockingQueue<Received> inbox, String... bodies) throws Exception {
        for (String body : bodies) {
            equal(next(inbox).body(), body);
        }
    }

    private void connect() throws Exception {
        try (Connection connection = open()) {
            equal(connection.connected.getFirst("version"), "1.2");
            equal(connection.connected.getFirst("user-name"), "ada%3Alovelace");
        }
    }

    private void wrongToken() {
        try (Connection connection = Connection.open(client, System.getenv("SLUICE_WRONG_TOKEN"))) {
            throw new AssertionError("connected with a token of somebody else: " + connection.session);
        } catch (Connection.Refused refusal) {
            require(refusal.error != null, "no ERROR was seen: " + refusal.getCause());
            require(refusal.error.headers().getFirst("message").contains("token"), refusal.error.toString());
            require(refusal.error.octets().length > 0, "the ERROR has no body that explains");
        } catch (Exception other) {
            throw new AssertionError(other);
        }
    }

    private void subscribeReceipt() throws Exception {
        try (Connection connection = open()) {
            connection.subscribe(room());
        }
    }

    private void sendReceive() throws Exception {
        try (Connection connection = open()) {
            String to = room();
            BlockingQueue<Received> one = connection.subscribe(to);
            BlockingQueue<Received> two = connection.subscribe(to);
            byte[] body = "Grüße, ☃\0!".getBytes(StandardCharsets.UTF_8);
            connection.send(to, body, Map.of("content-type", "text/plain;charset=utf-8", "x-mood", "calm"));
            Received first = next(one);
            equal(first.body(), "Grüße, ☃\0!");
            equal(first.headers().getFirst("x-mood"), "calm");
            equal(first.headers().getDestination(), to);
            expect(two, "Grüße, ☃\0!");
        }
    }

    private void httpPublish() throws Exception {
        try (Connection connection = open()) {
            receiveNote(connection, "by-http");
        }
    }

    private static void receiveNote(Connection connection, String text) throws Exception {
        BlockingQueue<Received> notes = connection.subscribe("/user/notes");
        Control.ask("publish?" + text);
        Received note = next(notes);
        require(note.body().contains("\"text\": \"" + text + "\""), note.body());
        equal(note.headers().getDestination(), "/topic/user/ada%3Alovelace/notes");
    }

    private void headers() throws Exception {
        try (Connection connection = open()) {
            String to = room();
            BlockingQueue<Received> inbox = connection.subscribe(to, Map.of("id", "id: with\\all\nof it ☃"));
            Map<String, String> wanted =
                    Map.of("x-awkward", AWKWARD, "x-ключ", "знач", "x:colon", "y", "x-empty", "");
            connection.send(to, new byte[] {'x'}, wanted);
            Received message = next(inbox);
            wanted.forEach((name, value) -> equal(message.headers().getFirst(name), value));
        }
    }

    private void binaryBody() throws Exception {
        if (textOnly) {
            throw new Skip("SockJS carries text only");
        }
        try (Connection connection = open()) {
            String to = room();
            BlockingQueue<Received> inbox = connection.subscribe(to);
            byte[] octets = new byte[1024];
            for (int index = 0; index < octets.length; index++) {
                octets[index] = (byte) index;
            }
            connection.send(to, octets, Map.of("content-type", "application/octet-stream"));
            require(Arrays.equals(next(inbox).octets(), octets), "the octets came back changed");
        }
    }

    private void largeMessage() throws Exception {
        try (Connection connection = open()) {
            String to = room();
            BlockingQueue<Received> inbox = connection.subscribe(to);
            String large = "größer ".repeat(MEBIBYTE / 9 + 1);
            connection.send(to, large);
            require(next(inbox).body().equals(large), "the large body came back changed");
        }
    }

    /** The auto subscription shows when all are through, so that a missing message is missing and not late. */
    private BlockingQueue<Received> five(Connection connection, String mode) throws Exception {
        String to = room();
        BlockingQueue<Received> everything = connection.subscribe(to);
        BlockingQueue<Received> some = connection.subscribe(to, Map.of("ack", mode, "prefetch-count", "2"));
        List<String> bodies = List.of("1", "2", "3", "4", "5");
        for (String body : bodies) {
            connection.send(to, body);
        }
        expect(everything, bodies.toArray(String[]::new));
        return some;
    }

    private void ackClient() throws Exception {
        try (Connection connection = open()) {
            BlockingQueue<Received> inbox = five(connection, "client");
            expect(inbox, "1");
            Received second = next(inbox);
            require(inbox.isEmpty(), "more than `prefetch-count` came unacknowledged");
            connection.acknowledge(second, true);
            expect(inbox, "3");
            connection.acknowledge(next(inbox), true);
            expect(inbox, "5");
        }
    }

    private void ackIndividual() throws Exception {
        try (Connection connection = open()) {
            BlockingQueue<Received> inbox = five(connection, "client-individual");
            Received first = next(inbox);
            connection.acknowledge(next(inbox), true);
            Received third = next(inbox);
            equal(third.body(), "3");
            connection.send(room(), "a receipt, behind which a message of the acknowledged kind would have come");
            require(inbox.isEmpty(), "an ACK of the second also acknowledged the first");
            connection.acknowledge(first, true);
            connection.acknowledge(third, true);
            expect(inbox, "4", "5");
        }
    }

    private void ackAgain() throws Exception {
        try (Connection connection = open()) {
            String to = room();
            Map<String, String> how = Map.of("id", "again", "ack", "client-individual");
            BlockingQueue<Received> inbox = connection.subscribe(to, how);
            for (String body : List.of("1", "2", "3")) {
                connection.send(to, body);
            }
            expect(inbox, "1");
            connection.acknowledge(next(inbox), true);
            expect(inbox, "3");
            connection.unsubscribe("again");
            expect(connection.subscribe(to, how), "1", "3");
        }
    }

    private void nack() throws Exception {
        try (Connection connection = open()) {
            BlockingQueue<Received> inbox = five(connection, "client-individual");
            connection.acknowledge(next(inbox), false);
            // Whether it comes again is the gateway's business; the others come, and the session goes on.
            Received message;
            do {
                message = next(inbox);
                connection.acknowledge(message, true);
            } while (!message.body().equals("5"));
            connection.subscribe(room());
        }
    }

    private void heartbeatKept() throws Exception {
        try (Connection connection = open()) {
            String to = room();
            BlockingQueue<Received> inbox = connection.subscribe(to);
            require(!connection.isLostWithin(3500), "the connection was lost in silence");
            connection.send(to, "still here");
            expect(inbox, "still here");
        }
    }

    private void heartbeatMissedByGateway() throws Exception {
        try (Connection connection = open()) {
            Control.ask("freeze");
            try {
                connection.awaitLoss();
            } finally {
                Control.ask("thaw");
            }
        }
        Control.awaitForgotten();
    }

    private void heartbeatMissedByClient() throws Exception {
        try (Connection connection = open()) {
            equal(Control.ask("sleep-client?5"), "1");
            connection.awaitLoss();
        }
    }

    private void disconnect() throws Exception {
        Connection connection = open();
        connection.subscribe(room());
        long started = System.nanoTime();
        connection.session.disconnect();
        require(System.nanoTime() - started < 2_000_000_000L, "leaving took too long");
        Control.awaitForgotten();
    }

    /** As an application does it: told of the loss, it connects and subscribes again. */
    private void reconnect() throws Exception {
        for (String text : List.of("before", "after", "again")) {
            try (Connection connection = open()) {
                receiveNote(connection, text);
                if (!text.equals("again")) {
                    Control.ask("kill");
                    connection.awaitLoss();
                    Control.ask("start");
                }
            }
        }
    }

    private void churn() throws Exception {
        for (int turn = 0; turn < 30; turn++) {
            open().close();
        }
        Control.awaitForgotten();
    }
}
