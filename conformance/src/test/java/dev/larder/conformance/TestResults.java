package dev.larder.conformance;

import dev.larder.conformance.TaggedTests.TestMethod;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/** What the tests of this build came to, as their reports say. */
final class TestResults {
    private final Map<String, int[]> byMethod = new HashMap<>();
    private final Map<String, int[]> byName = new HashMap<>();
    private final Map<String, int[]> byType = new HashMap<>();

    private TestResults() {}

    static TestResults under(Path root) throws IOException {
        TestResults results = new TestResults();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(TestResults::isReport).toList()) {
                try (InputStream in = Files.newInputStream(file)) {
                    results.read(in);
                } catch (XMLStreamException e) {
                    throw new IOException(file + " is no test report", e);
                }
            }
        }
        return results;
    }

    private static boolean isReport(Path file) {
        return file.getParent().endsWith(Path.of("target", "surefire-reports"))
                && file.getFileName().toString().matches("TEST-.*\\.xml");
    }

    /** What keeps a test from showing anything; null when all its runs passed. */
    String trouble(TestMethod test) {
        // A test that is inherited is reported under the class that ran it.
        int[] runs = test.method().isEmpty()
                ? byType.get(test.type())
                : byMethod.getOrDefault(test.toString(), byName.get(test.method()));
        if (runs == null) {
            return "did not run in this build";
        }
        return runs[1] == 0 ? null : runs[1] + " of " + runs[0] + " runs failed or were skipped";
    }

    private void read(InputStream in) throws XMLStreamException {
        XMLInputFactory factory = XMLInputFactory.newFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        XMLStreamReader reader = factory.createXMLStreamReader(in);
        String type = "";
        String method = "";
        while (reader.hasNext()) {
            if (reader.next() != XMLStreamConstants.START_ELEMENT) {
                continue;
            }
            switch (reader.getLocalName()) {
                case "testcase" -> {
                    type = reader.getAttributeValue(null, "classname").replaceAll(".*[.$]", "");
                    method = reader.getAttributeValue(null, "name").replaceAll("[({\\[].*", "");
                    count(type, method, 0);
                }
                case "failure", "error", "skipped" -> count(type, method, 1);
                default -> {}
            }
        }
    }

    private void count(String type, String method, int what) {
        byMethod.computeIfAbsent(type + "." + method, none -> new int[2])[what]++;
        byName.computeIfAbsent(method, none -> new int[2])[what]++;
        byType.computeIfAbsent(type, none -> new int[2])[what]++;
    }
}
