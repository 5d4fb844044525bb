package interop;

import java.util.Objects;

/** What must hold. */
final class Require {

    private Require() {}

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    static void equal(Object actual, Object expected) {
        require(Objects.equals(actual, expected), "«" + actual + "» is not «" + expected + "»");
    }
}
