package dev.larder.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The tests in the sources of all modules, by the numbers that they are tagged with. */
final class TaggedTests {
    private static final Pattern TAG = Pattern.compile("\\s*@Tag\\(\"((?:R[0-9A-Z]+-\\d{3})|(?:Q\\d+))\"\\)\\s*");
    private static final Pattern TYPE = Pattern.compile("(?:\\w+ )*class (\\w+).*");
    private static final Pattern METHOD = Pattern.compile(" {4,}(?:\\w+ )*[\\w<>\\[\\]., ?]+ (\\w+)\\(.*");

    private TaggedTests() {}

    /** A method of a test class; all of them where the class itself is tagged. */
    record TestMethod(String type, String method) implements Comparable<TestMethod> {
        @Override
        public int compareTo(TestMethod other) {
            return toString().compareTo(other.toString());
        }

        @Override
        public String toString() {
            return method.isEmpty() ? type : type + "." + method;
        }
    }

    static Map<String, List<TestMethod>> under(Path root) throws IOException {
        Map<String, List<TestMethod>> found = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(TaggedTests::mayHoldTests).sorted().toList()) {
                read(file, found);
            }
        }
        found.values().forEach(tests -> tests.sort(null));
        return found;
    }

    /** The storage contract is published, so its tests are main code of the test kit. */
    private static boolean mayHoldTests(Path file) {
        String path = file.toString().replace('\\', '/');
        return path.endsWith(".java")
                && !path.contains("/target/")
                && (path.contains("/src/test/java/") || path.contains("/testkit/src/main/java/"));
    }

    private static void read(Path file, Map<String, List<TestMethod>> found) throws IOException {
        String type = "";
        List<String> tags = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            Matcher tag = TAG.matcher(line);
            Matcher declared = TYPE.matcher(line);
            Matcher method = METHOD.matcher(line);
            if (tag.matches()) {
                tags.add(tag.group(1));
            } else if (declared.matches()) {
                type = declared.group(1);
                add(tags, new TestMethod(type, ""), found);
            } else if (!tags.isEmpty() && !line.contains("@") && method.matches()) {
                add(tags, new TestMethod(type, method.group(1)), found);
            }
        }
        if (!tags.isEmpty()) {
            throw new IllegalStateException(file + ": no method was found for the tags " + tags);
        }
    }

    private static void add(List<String> tags, TestMethod test, Map<String, List<TestMethod>> found) {
        for (String tag : tags) {
            found.computeIfAbsent(tag, none -> new ArrayList<>()).add(test);
        }
        tags.clear();
    }
}
