package interop;

import jakarta.websocket.ContainerProvider;
import jakarta.websocket.WebSocketContainer;
import java.util.List;
import org.springframework.messaging.converter.SimpleMessageConverter;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.web.socket.client.WebSocketClient;
import org.springframework.web.socket.client.standard.StandardWebSocketClient;
import org.springframework.web.socket.messaging.WebSocketStompClient;
import org.springframework.web.socket.sockjs.client.RestTemplateXhrTransport;
import org.springframework.web.socket.sockjs.client.SockJsClient;
import org.springframework.web.socket.sockjs.client.WebSocketTransport;

/** Spring's STOMP client over each of its links. */
final class Clients {

    private static final int MESSAGE_BYTES = 4 * 1024 * 1024;

    private Clients() {}

    static WebSocketStompClient of(String kind) {
        WebSocketClient link = switch (kind) {
            case "websocket" -> webSocket();
            case "sockjs-websocket" -> new SockJsClient(List.of(new WebSocketTransport(webSocket())));
            case "sockjs-xhr" -> new SockJsClient(List.of(new RestTemplateXhrTransport()));
            default -> throw new IllegalArgumentException(kind);
        };
        ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
        scheduler.setDaemon(true);
        // A heart-beat over XHR holds its thread for as long as the gateway does not answer, and another has to notice.
        scheduler.setPoolSize(4);
        scheduler.initialize();

        WebSocketStompClient client = new WebSocketStompClient(link);
        client.setMessageConverter(new SimpleMessageConverter());
        client.setTaskScheduler(scheduler);
        client.setDefaultHeartbeat(new long[] {1000, 1000});
        client.setInboundMessageSizeLimit(MESSAGE_BYTES);
        return client;
    }

    private static StandardWebSocketClient webSocket() {
        WebSocketContainer container = ContainerProvider.getWebSocketContainer();
        container.setDefaultMaxTextMessageBufferSize(MESSAGE_BYTES);
        container.setDefaultMaxBinaryMessageBufferSize(MESSAGE_BYTES);
        return new StandardWebSocketClient(container);
    }
}
