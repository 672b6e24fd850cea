package dev.larder.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code docs/reasons.md} says what the code says. With {@code -Dlarder.conformance.write} it is written. */
class ReasonsTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "reasons.md");

    /** Where a group of reasons begins. */
    private static final Map<Reason, String> HEADINGS = new EnumMap<>(Map.of(
            Reason.FRESH, "It serves what is stored",
            Reason.URI_MISS, "It asks the origin",
            Reason.MUST_REVALIDATE, "It does not let a stale response stand in",
            Reason.STORABLE_EXPLICIT, "It stores a response",
            Reason.NO_STORE, "It does not store a response",
            Reason.INVALIDATED, "It removes what is stored, or leaves it",
            Reason.RANGE_SERVED, "It answers ranges and conditions, and validates"));

    @Test
    void theDocumentListsEveryReason() throws IOException {
        String expected = document();
        if (System.getProperty("larder.conformance.write") != null) {
            Files.writeString(DOCUMENT, expected);
        }
        assertThat(Files.readString(DOCUMENT))
                .as("docs/reasons.md is out of date: write it with -Dlarder.conformance.write")
                .isEqualTo(expected);
    }

    private static String document() {
        StringBuilder text = new StringBuilder("""
                # What Larder does when…

                Every decision has a reason, and every reason a section of a standard or a place in Larder. `CacheInfo.reason()` and
                `CacheInfo.storing()` name them for a response, `CacheInfo.explain()` says them in a sentence, `./larder explain URL` shows
                each rule that was asked, and the Cache-Status field (RFC 9211) has them as `detail`. This page is written from the code.
                """);
        for (Reason reason : Reason.values()) {
            String heading = HEADINGS.get(reason);
            if (heading != null) {
                text.append("\n## ").append(heading).append("\n\n");
                text.append("| reason | when | where it is said | `fwd` |\n|---|---|---|---|\n");
            }
            String forward = reason.forwardToken();
            text.append("| `")
                    .append(reason.token())
                    .append("` | ")
                    .append(reason.sentence())
                    .append(" | ")
                    .append(reason.section())
                    .append(" | ")
                    .append(forward == null ? "" : "`" + forward + "`")
                    .append(" |\n");
        }
        return text.toString();
    }
}
