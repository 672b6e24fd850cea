package dev.larder.http;

import dev.larder.http.StructuredFields.BareItem;
import dev.larder.http.StructuredFields.InnerList;
import dev.larder.http.StructuredFields.Item;
import dev.larder.http.StructuredFields.Member;
import dev.larder.http.StructuredFields.SfBoolean;
import dev.larder.http.StructuredFields.SfString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The {@code No-Vary-Search} field (an Internet-Draft of the HTTP working group, version 06): which parts of a query do not
 * change the response. Whatever is not as it should be gives {@link #DEFAULT}, under which only equal queries match.
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class NoVarySearch {
    /** Every part of the query matters. */
    public static final NoVarySearch DEFAULT = new NoVarySearch(true, true, Set.of());

    private final boolean keyOrderMatters;
    /** Whether the parameters below do not matter, and all others do; or the other way round. */
    private final boolean except;

    private final Set<String> parameters;

    private NoVarySearch(boolean keyOrderMatters, boolean allMatterExcept, Set<String> parameters) {
        this.keyOrderMatters = keyOrderMatters;
        this.except = allMatterExcept;
        this.parameters = parameters;
    }

    /** What the fields of a response say; {@link #DEFAULT} when they say nothing or something invalid. */
    public static NoVarySearch of(HttpFields fields) {
        String text = fields.combined("No-Vary-Search");
        Map<String, Member> value = text == null ? null : StructuredFields.parseDictionary(text);
        if (value == null) {
            return DEFAULT;
        }
        boolean ordered = true;
        Member order = value.get("key-order");
        if (order != null) {
            BareItem item = order instanceof Item single ? single.value() : null;
            if (!(item instanceof SfBoolean ignores)) {
                return DEFAULT;
            }
            ordered = !ignores.value();
        }
        Member params = value.get("params");
        Member except = value.get("except");
        if ((params == null) == (except == null)) {
            return DEFAULT;
        }
        Set<String> names = names(params == null ? except : params);
        return names == null ? DEFAULT : new NoVarySearch(ordered, params != null, Set.copyOf(names));
    }

    private static @Nullable Set<String> names(@Nullable Member member) {
        if (!(member instanceof InnerList list)) {
            return null;
        }
        Set<String> names = new HashSet<>();
        for (Item item : list.items()) {
            if (!(item.value() instanceof SfString name)) {
                return null;
            }
            names.add(decoded(name.value()));
        }
        return names;
    }

    /** Whether every part of the query matters. */
    public boolean isDefault() {
        return keyOrderMatters && except && parameters.isEmpty();
    }

    /** Whether two URIs are the same as far as this says; they never are across origins or paths. */
    public boolean equivalent(TargetUri a, TargetUri b) {
        if (a.equals(b)) {
            return true;
        }
        return !isDefault()
                && a.sameOrigin(b)
                && a.path().equals(b.path())
                && pairs(a.query()).equals(pairs(b.query()));
    }

    private record Pair(String name, String value) {}

    /** The parameters of a query that matter, in the order that matters. */
    private List<Pair> pairs(@Nullable String query) {
        List<Pair> pairs = new ArrayList<>();
        if (query == null) {
            return pairs;
        }
        for (int start = 0; start <= query.length(); ) {
            int end = query.indexOf('&', start);
            end = end < 0 ? query.length() : end;
            int equals = query.indexOf('=', start);
            int nameEnd = equals < 0 || equals > end ? end : equals;
            if (end > start) {
                String name = decoded(query.substring(start, nameEnd));
                if (parameters.contains(name) != except) {
                    pairs.add(new Pair(name, decoded(query.substring(Math.min(end, nameEnd + 1), end))));
                }
            }
            start = end + 1;
        }
        if (!keyOrderMatters) {
            pairs.sort(Comparator.comparing(Pair::name));
        }
        return pairs;
    }

    /** As in a form: a plus is a space, a percent escape is a byte of UTF-8, and what is none stays as it is. */
    private static String decoded(String text) {
        if (text.indexOf('%') < 0) {
            return text.replace('+', ' ');
        }
        byte[] bytes = text.replace('+', ' ').getBytes(StandardCharsets.UTF_8);
        byte[] decoded = new byte[bytes.length];
        int length = 0;
        for (int i = 0; i < bytes.length; i++) {
            int high = bytes[i] == '%' && i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
            int low = high < 0 ? -1 : Character.digit(bytes[i + 2], 16);
            decoded[length++] = (byte) (low < 0 ? bytes[i] : 16 * high + low);
            i += low < 0 ? 0 : 2;
        }
        return new String(decoded, 0, length, StandardCharsets.UTF_8);
    }
}
