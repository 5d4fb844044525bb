package interop;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Asks the runner for something that happens to the network or the gateway. */
final class Control {

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Control() {}

    static String ask(String what) throws Exception {
        URI address = URI.create(System.getenv("SLUICE_CONTROL") + "/" + what);
        HttpRequest request = HttpRequest.newBuilder(address).POST(HttpRequest.BodyPublishers.noBody()).build();
        HttpResponse<String> answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        Require.require(answer.statusCode() == 200, what + ": " + answer.body());
        return answer.body();
    }

    static void awaitForgotten() throws Exception {
        long deadline = System.nanoTime() + Connection.PATIENCE_SECONDS * 1_000_000_000L;
        while (!ask("sessions").equals("0")) {
            Require.require(System.nanoTime() < deadline, "the gateway did not forget the session");
            Thread.sleep(20);
        }
    }
}
