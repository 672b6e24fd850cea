package dev.larder.storage;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A storage in one line of text, as command lines and configuration files name it: a scheme, a colon, where the storage is,
 * and options behind a question mark.
 *
 * <pre>
 * memory:
 * memory:?maxBytes=64m
 * file:                                 the user's cache directory
 * file:/var/cache/app?maxBytes=2g&amp;ttl=7d
 * sqlite:cache.db
 * redis://localhost:6379/0?namespace=app
 * s3://bucket/prefix?endpoint=http://localhost:9000
 * tiered:memory:?nearTtl=20s|redis://localhost:6379
 * </pre>
 *
 * <p>Behind {@code tiered} stand the specs of the near and the far storage, with a bar between them; the near one may have
 * the option {@code nearTtl}, and the far one may be {@code tiered} itself.
 *
 * <p>{@code memory}, {@code file} and {@code tiered} are built in. The others are known where their module is at run time: a spec names a
 * scheme, never a class. These options mean the same for every storage that has them: {@code ttl} and {@code slidingTtl}
 * (such as {@code 10m} or {@code 7d}), {@code maxEntries}, {@code maxVariants}, {@code maxBytes} and {@code maxEntryBytes}
 * (such as {@code 64m} or {@code 2g}), {@code serializer} ({@code binary}, or another whose module is there). Values are
 * taken as they stand; nothing is percent-decoded. Not thread-safe while it is being opened.
 */
public final class StorageSpec {
    private static final String TIERED = "tiered";

    private final String scheme;
    private final String location;
    private final Map<String, String> options;
    private final List<StorageSpec> parts;
    private final Map<String, String> defaults = new HashMap<>();
    private final Set<String> unread;
    private boolean opening;

    private StorageSpec(String scheme, String location, List<StorageSpec> parts, Map<String, String> options) {
        this.scheme = scheme;
        this.location = location;
        this.parts = parts;
        this.options = options;
        this.unread = new HashSet<>(options.keySet());
    }

    /**
     * Reads a spec.
     *
     * @throws IllegalArgumentException when it has no scheme, an option without a value, or is {@code tiered} without two
     *     specs
     */
    public static StorageSpec parse(String text) {
        int colon = text.indexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException("storage '" + text + "' has no scheme; write one such as file:PATH");
        }
        String scheme = text.substring(0, colon).toLowerCase(Locale.ROOT);
        if (scheme.equals(TIERED)) {
            String location = text.substring(colon + 1);
            int bar = location.indexOf('|');
            if (bar < 0) {
                throw new IllegalArgumentException(
                        "a tiered storage needs two storages; write tiered:NEAR|FAR, such as tiered:memory:|redis://localhost");
            }
            List<StorageSpec> parts = List.of(
                    parse(location.substring(0, bar).strip()),
                    parse(location.substring(bar + 1).strip()));
            return new StorageSpec(scheme, location, parts, new LinkedHashMap<>());
        }
        int question = text.indexOf('?', colon);
        Map<String, String> options = new LinkedHashMap<>();
        if (question >= 0) {
            for (String option : text.substring(question + 1).split("&", -1)) {
                int equals = option.indexOf('=');
                if (equals <= 0) {
                    throw new IllegalArgumentException("storage option '" + option + "' is not of the form name=value");
                }
                if (options.put(option.substring(0, equals), option.substring(equals + 1)) != null) {
                    throw new IllegalArgumentException(
                            "storage option '" + option.substring(0, equals) + "' is given twice");
                }
            }
        }
        return new StorageSpec(
                scheme,
                question < 0 ? text.substring(colon + 1) : text.substring(colon + 1, question),
                List.of(),
                options);
    }

    /** The scheme, in lower case. */
    public String scheme() {
        return scheme;
    }

    /** What stands between the scheme's colon and the options. */
    public String location() {
        return location;
    }

    /** The specs of the near and the far storage; empty where it is a storage of its own. */
    public List<StorageSpec> parts() {
        return parts;
    }

    /**
     * Says which value an option has where the spec gives none. For programs whose defaults are others than the storage's;
     * a storage that has no such option ignores it.
     */
    public void setDefault(String option, String value) {
        defaults.put(option, value);
    }

    /** Scheme and location without the options: what a client of the storage takes as its URI. It may hold a password. */
    public String address() {
        return scheme + ":" + location;
    }

    /**
     * The location as a path of the file system: {@code ~/} is the user's home, and {@code ///x} the path {@code /x}, as in
     * a URI.
     *
     * @throws IllegalArgumentException when it is no valid path
     */
    public Path path() {
        String plain = location.startsWith("///") ? location.substring(2) : location;
        if (plain.equals("~") || plain.startsWith("~/")) {
            plain = System.getProperty("user.home") + plain.substring(1);
        }
        try {
            return Path.of(plain);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("storage '" + this + "' names no valid path: " + e.getReason(), e);
        }
    }

    /**
     * Opens the storage with the system's clock.
     *
     * @throws IllegalArgumentException when no module for the scheme is there, or the location or an option is wrong
     * @throws IOException when the storage cannot be opened
     */
    public Storage open() throws IOException {
        return open(InstantSource.system());
    }

    /**
     * Opens the storage.
     *
     * @param clock the storage's clock
     * @throws IllegalArgumentException when no module for the scheme is there, or the location or an option is wrong
     * @throws IOException when the storage cannot be opened
     */
    public Storage open(InstantSource clock) throws IOException {
        Objects.requireNonNull(clock, "clock");
        Set<String> usages = new TreeSet<>();
        for (StorageProvider provider : ServiceLoader.load(StorageProvider.class, StorageSpec.class.getClassLoader())) {
            if (provider.schemes().contains(scheme)) {
                unread.clear();
                unread.addAll(options.keySet());
                opening = true;
                try {
                    return provider.open(this, clock);
                } finally {
                    opening = false;
                }
            }
            usages.add(provider.usage());
        }
        throw new IllegalArgumentException("storage scheme '" + scheme + "' is not known here; known are "
                + String.join(", ", usages) + " (others need their module, such as larder-storage-" + scheme + ")");
    }

    /**
     * For providers, when they have read the options that they know, and before they open anything.
     *
     * @throws IllegalArgumentException when there are others
     */
    public void noOtherOptions() {
        if (!unread.isEmpty()) {
            throw new IllegalArgumentException("storage '" + scheme + ":' has no option " + new TreeSet<>(unread));
        }
    }

    /** What somebody else than the storage reads, before it is opened, is none of its options. */
    private @Nullable String option(String name) {
        unread.remove(name);
        String value = opening ? options.get(name) : options.remove(name);
        return value == null ? defaults.get(name) : value;
    }

    /** Hands over a text if it is given. */
    public void text(String name, Consumer<String> to) {
        String value = option(name);
        if (value != null) {
            hand(name, value, to, value);
        }
    }

    /**
     * Hands over a yes or no if it is given.
     *
     * @throws IllegalArgumentException when it is neither {@code true} nor {@code false}
     */
    public void flag(String name, Consumer<Boolean> to) {
        String value = option(name);
        if (value != null) {
            if (!value.equals("true") && !value.equals("false")) {
                throw wrong(name, value, "true or false");
            }
            hand(name, value, to, value.equals("true"));
        }
    }

    /**
     * For storages that are nowhere.
     *
     * @throws IllegalArgumentException when there is a location
     */
    public void noLocation() {
        if (!location.isEmpty()) {
            throw new IllegalArgumentException(scheme + ": takes no location, not '" + location + "'");
        }
    }

    /**
     * Hands over a duration if it is given: a number and {@code ms}, {@code s}, {@code m}, {@code h} or {@code d}.
     *
     * @throws IllegalArgumentException when it is none
     */
    public void duration(String name, Consumer<Duration> to) {
        String value = option(name);
        if (value != null) {
            long amount = amount(name, value);
            to.accept(
                    switch (unit(value)) {
                        case "ms" -> Duration.ofMillis(amount);
                        case "s" -> Duration.ofSeconds(amount);
                        case "m" -> Duration.ofMinutes(amount);
                        case "h" -> Duration.ofHours(amount);
                        case "d" -> Duration.ofDays(amount);
                        default -> throw wrong(name, value, "a number and a unit, such as 500ms, 90s, 10m, 2h or 7d");
                    });
        }
    }

    /**
     * Hands over a number if it is given.
     *
     * @throws IllegalArgumentException when it is none
     */
    public void count(String name, Consumer<Integer> to) {
        String value = option(name);
        if (value != null) {
            long amount = amount(name, value);
            if (!unit(value).isEmpty() || amount > Integer.MAX_VALUE) {
                throw wrong(name, value, "a whole number");
            }
            hand(name, value, to, (int) amount);
        }
    }

    /**
     * Hands over a size in bytes if it is given: a number and nothing, {@code k}, {@code m} or {@code g}.
     *
     * @throws IllegalArgumentException when it is none
     */
    public void bytes(String name, Consumer<Long> to) {
        String value = option(name);
        if (value != null) {
            int shift = switch (unit(value).toLowerCase(Locale.ROOT)) {
                case "" -> 0;
                case "k" -> 10;
                case "m" -> 20;
                case "g" -> 30;
                default -> throw wrong(name, value, "a size, such as 500000, 512k, 64m or 2g");
            };
            hand(name, value, to, Math.min(amount(name, value), Long.MAX_VALUE >> shift) << shift);
        }
    }

    /**
     * Hands over the serializer if one is named.
     *
     * @throws IllegalArgumentException when no such serializer is there
     */
    public void serializer(Consumer<Serializer> to) {
        String value = option("serializer");
        if (value == null) {
            return;
        }
        if (value.equals(BinarySerializer.INSTANCE.format())) {
            to.accept(BinarySerializer.INSTANCE);
            return;
        }
        for (Serializer serializer : ServiceLoader.load(Serializer.class, StorageSpec.class.getClassLoader())) {
            if (serializer.format().equals(value)) {
                to.accept(serializer);
                return;
            }
        }
        throw wrong("serializer", value, "binary, or one whose module is there (larder-serializers-jackson)");
    }

    /** What a builder finds wrong with a value is told with the option's name. */
    private static <T> void hand(String name, String value, Consumer<T> to, T read) {
        try {
            to.accept(read);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("storage option " + name + "=" + value + ": " + e.getMessage(), e);
        }
    }

    private static long amount(String name, String value) {
        String digits = value.substring(0, value.length() - unit(value).length());
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw wrong(name, value, "a number above 0 with a unit where it needs one");
        }
    }

    /** What follows the digits. */
    private static String unit(String value) {
        int end = 0;
        while (end < value.length() && value.charAt(end) >= '0' && value.charAt(end) <= '9') {
            end++;
        }
        return value.substring(end);
    }

    private static IllegalArgumentException wrong(String name, String value, String wanted) {
        return new IllegalArgumentException("storage option " + name + "=" + value + ": write " + wanted);
    }

    /** Without what may be secret: user and password, and the values of options. */
    @Override
    public String toString() {
        if (!parts.isEmpty()) {
            return scheme + ":" + parts.get(0) + "|" + parts.get(1);
        }
        int authority = location.startsWith("//") ? 2 : -1;
        int slash = authority < 0 ? -1 : location.indexOf('/', authority);
        int at = authority < 0 ? -1 : location.lastIndexOf('@', slash < 0 ? location.length() : slash);
        String shown = at < 0 ? location : "//" + location.substring(at + 1);
        return scheme + ":" + shown + (options.isEmpty() ? "" : "?" + String.join("&", options.keySet()));
    }
}
