package interop;

import java.util.List;
import java.util.Map;
import java.util.logging.LogManager;
import org.springframework.web.socket.messaging.WebSocketStompClient;

/** Runs the checks that the runner wants with one of Spring's clients, and tells what came of each. */
public final class Main {

    public static void main(String[] arguments) {
        // What the checks provoke is logged with its stack.
        LogManager.getLogManager().reset();
        WebSocketStompClient client = Clients.of(arguments[0]);
        Map<String, Check> checks = new Checks(client, arguments[0].startsWith("sockjs")).all();
        boolean failed = false;
        for (String name : List.of(System.getenv("SLUICE_CHECKS").split(" "))) {
            long started = System.nanoTime();
            try {
                checks.get(name).run();
                System.out.printf("ok %s: %d ms%n", name, (System.nanoTime() - started) / 1_000_000);
            } catch (Skip reason) {
                System.out.printf("skip %s: %s%n", name, reason.getMessage());
            } catch (Throwable error) {
                failed = true;
                StackTraceElement where = List.of(error.getStackTrace()).stream()
                        .filter(element -> element.getClassName().startsWith("interop"))
                        .findFirst()
                        .orElse(null);
                System.out.printf("FAIL %s: %s (%s)%n", name, error.toString().replace('\n', ' '), where);
            }
        }
        System.exit(failed ? 1 : 0);
    }

    /** One thing that a client is asked to do. */
    interface Check {
        void run() throws Exception;
    }

    /** Thrown by a check that the client has no means for. */
    static final class Skip extends RuntimeException {
        Skip(String reason) {
            super(reason);
        }
    }
}
