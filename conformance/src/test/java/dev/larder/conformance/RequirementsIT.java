package dev.larder.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.conformance.TaggedTests.TestMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Every requirement of {@code requirements.tsv} has a test that carries its number as a tag, that test ran in this build
 * and passed, and {@code docs/conformance.md} says so. With {@code -Dlarder.conformance.write} the document is written
 * instead of compared.
 */
class RequirementsIT {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path DOCUMENT = ROOT.resolve("docs/conformance.md");

    private static final String HOW_TO_WRITE = " (write it with -Dlarder.conformance.write)";

    /**
     * A row of the list.
     *
     * @param waits what it waits for, {@code proxy} or {@code pending}; empty when it has to have a test
     */
    private record Requirement(String number, String section, String level, String who, String text, String waits) {
        static Requirement parse(String line) {
            String[] cells = line.split("\t", -1);
            if (cells.length != 6) {
                throw new IllegalStateException("requirements.tsv: six columns are needed: " + line);
            }
            return new Requirement(cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]);
        }

        boolean isDecision() {
            return level.equals("decided");
        }

        String document() {
            return number.substring(0, number.lastIndexOf('-'));
        }
    }

    @Test
    void everyRequirementHasATestThatPassed() throws IOException {
        List<Requirement> rows = Files.readAllLines(Path.of("requirements.tsv")).stream()
                .map(Requirement::parse)
                .toList();
        Map<String, List<TestMethod>> tests = TaggedTests.under(ROOT);
        TestResults results = TestResults.under(ROOT);

        List<String> problems = new ArrayList<>();
        Map<String, String> verdicts = new TreeMap<>();
        for (Requirement row : rows) {
            Collection<TestMethod> own = tests.getOrDefault(row.number(), List.of());
            String verdict = verdict(row, own, results, problems);
            verdicts.put(row.number(), verdict);
            System.out.println(row.number() + ": " + verdict + " " + own);
        }
        for (String tag : tests.keySet()) {
            if (!verdicts.containsKey(tag)) {
                problems.add(tag + " is the tag of " + tests.get(tag) + " but no row of requirements.tsv");
            }
        }
        System.out.println(summary(rows, verdicts));
        assertThat(problems).isEmpty();
        checkDocument(document(rows, tests, verdicts));
    }

    private static String verdict(
            Requirement row, Collection<TestMethod> tests, TestResults results, List<String> problems) {
        if (tests.isEmpty()) {
            if (row.waits().isEmpty()) {
                problems.add(row.number() + " has no test");
            }
            return row.waits().isEmpty() ? "no test" : "waits: " + row.waits();
        }
        if (row.waits().equals("pending")) {
            problems.add(row.number() + " waits no longer: " + tests);
        }
        for (TestMethod test : tests) {
            String trouble = results.trouble(test);
            if (trouble != null) {
                problems.add(row.number() + ": " + test + " " + trouble);
            }
        }
        return "passed";
    }

    private static String summary(List<Requirement> rows, Map<String, String> verdicts) {
        long decisions = rows.stream().filter(Requirement::isDecision).count();
        Map<String, Integer> counts = new TreeMap<>();
        verdicts.values().forEach(verdict -> counts.merge(verdict, 1, Integer::sum));
        return verdicts.size() + " rows, " + decisions + " of them decisions where the standards leave it open: "
                + counts;
    }

    private static void checkDocument(String expected) throws IOException {
        if (System.getProperty("larder.conformance.write") != null) {
            Files.writeString(DOCUMENT, expected);
        }
        // By lines, so that a failure shows those that differ and not the whole document twice.
        List<String> written = expected.lines().toList();
        List<String> committed = Files.readAllLines(DOCUMENT);
        assertThat(without(written, committed))
                .as("missing in docs/conformance.md" + HOW_TO_WRITE)
                .isEmpty();
        assertThat(without(committed, written))
                .as("outdated in docs/conformance.md" + HOW_TO_WRITE)
                .isEmpty();
        assertThat(committed.equals(written))
                .as("the order of docs/conformance.md" + HOW_TO_WRITE)
                .isTrue();
    }

    private static List<String> without(List<String> lines, List<String> others) {
        Set<String> known = new HashSet<>(others);
        return lines.stream().filter(line -> !known.contains(line)).toList();
    }

    private static String document(
            List<Requirement> rows, Map<String, List<TestMethod>> tests, Map<String, String> verdicts) {
        StringBuilder text = new StringBuilder("""
                # What the standards require, and the test that shows it

                Written by the build from `conformance/requirements.tsv`, the tests' tags and their results; `mvn verify` fails when
                it is out of date (write it with `mvn verify -Dlarder.conformance.write`), when a row has no test, and when its test
                did not pass. Run the tests of a row with `mvn test -Dgroups=R9111-014`.

                Who: **B** private and shared caches, **P** private ones, **S** shared ones, **X** intermediaries. The tests of rows for B run
                with a private and with a shared cache wherever the mode could matter: every scenario of the client does, and the rules that
                ask the policy do; parsers know no mode. A row that *waits: proxy* can be shown only by one that relays messages, not by a
                client library.

                """);
        text.append(summary(rows, verdicts)).append(".\n");
        String document = "";
        for (Requirement row : rows) {
            if (row.isDecision()) {
                continue;
            }
            if (!row.document().equals(document)) {
                document = row.document();
                text.append("\n## ").append(title(document)).append("\n\n");
                text.append("| # | § | level | who | requirement | tests | verdict |\n|---|---|---|---|---|---|---|\n");
            }
            text.append("| ")
                    .append(String.join(
                            " | ",
                            row.number(),
                            row.section(),
                            row.level(),
                            row.who(),
                            row.text(),
                            names(tests.getOrDefault(row.number(), List.of())),
                            String.valueOf(verdicts.get(row.number()))))
                    .append(" |\n");
        }
        text.append("""

                ## The public suite

                `conformance/run --client CLIENT --mode private|shared --storage SPEC` runs npm's http-cache-tests against a gateway with
                that client behind it; `--suite DIRECTORY` takes a checkout of the suite instead. Each test that does not pass stands in
                `conformance/expected-0.4.5.txt` with its reason: it does not apply, it contradicts the standard or the gateway, or the
                standard leaves it open and a row below says what was decided. A test that starts or stops passing against that list fails
                the run; one that surprises is asked once more by itself, which the report tells. The clients differ in what they refuse
                with or without a cache, and in nothing else:

                | client | test | why |
                |---|---|---|
                | `okhttp` | `status-204-fresh`, `status-204-stale`, `heuristic-204-cached` | OkHttp refuses a 204 that announces content |
                | `apache`, `apache-async` | `headers-store-Transfer-Encoding` | HttpCore refuses a transfer coding that it does not know |
                | all but `okhttp` | `conditional-etag-strong-respond-obs-text` | the suite's two ends encode the tag differently; OkHttp's way of reading it makes them agree |

                ## Where the standards leave it open

                """);
        text.append("| # | point | what Larder does, and the switch | tests | verdict |\n|---|---|---|---|---|\n");
        for (Requirement row : rows) {
            if (row.isDecision()) {
                text.append("| ")
                        .append(String.join(
                                " | ",
                                row.number(),
                                row.section(),
                                row.text(),
                                names(tests.getOrDefault(row.number(), List.of())),
                                String.valueOf(verdicts.get(row.number()))))
                        .append(" |\n");
            }
        }
        return text.toString();
    }

    private static String title(String document) {
        if (document.equals("RNVS")) {
            return "No-Vary-Search (Internet-Draft)";
        }
        return "RFC " + document.substring(1);
    }

    private static String names(List<TestMethod> tests) {
        return String.join(", ", tests.stream().map(TestMethod::toString).toList());
    }
}
